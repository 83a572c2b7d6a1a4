// Kafka and a consuming group in memory: small, real implementations of the replayer's ports.

import { systemClock } from '@tally/platform/process/clock'
import type { LogRecord, NewRecord } from '@tally/platform/records/record-log'
import { REPLAY_LETTER, REPLAY_RUN, REPLAYS } from '@tally/platform/records/replay-headers'
import { letterOf } from '../../adapters/kafka-letters.ts'
import type { Entry } from '../../ledger/entry.ts'
import { applyEntry, emptyLedger } from '../../ledger/ledger.ts'
import type { Dlq, Letter, Replay } from '../../letters/letter.ts'
import { keyMark, positionText } from '../../letters/letter.ts'
import { hasPosition, positionsOf } from '../../letters/positions.ts'
import type { Audit, LetterReader, Replays } from '../../ports.ts'
import type { Cut } from '../../worker/drive-runs.ts'
import { paceOf } from '../../worker/pace.ts'
import type { CutWork } from '../../worker/work.ts'
import { DLQ, letter } from './letters.ts'

export type World = ReturnType<typeof memoryWorld>

/** `handle` is what the group does with a replayed record: 'counted', 'ignored' (counted before), or a reason to fail. */
export function memoryWorld(
  letters: Letter[],
  handle: (record: NewRecord, from: string) => 'counted' | 'ignored' | string = () => 'counted',
) {
  const entries: Entry[] = []
  const ledger = emptyLedger()
  const sent: NewRecord[] = []
  const parked: NewRecord[] = []
  const countedAt = new Map<string, bigint>()
  let folded = 0
  let consumed = 0
  let stalled = false

  const fold = () => {
    for (const entry of entries.slice(folded)) applyEntry(ledger, entry)
    folded = entries.length
    return ledger
  }
  const audit: Audit = {
    async append(more) {
      entries.push(...more)
    },
    refresh: async () => fold(),
    latest: () => fold(),
  }
  const bounds = (end: number) => new Map([[0, { logStart: 0n, highWatermark: BigInt(end), lastStable: BigInt(end) }]])
  const reader: LetterReader = {
    bounds: async () => bounds(letters.length),
    async *read(_: Dlq, ranges) {
      const wanted = positionsOf(ranges)
      for (const each of [...letters]) if (hasPosition(wanted, each.partition, each.offset)) yield each
    },
  }
  const consume = (record: NewRecord, offset: bigint) => {
    const from = record.headers?.[REPLAY_LETTER]?.toString() ?? ''
    const eventId = record.headers?.id?.toString() ?? ''
    const answer = handle(record, from)
    if (answer === 'ignored') countedAt.set(eventId, -1n)
    else if (answer === 'counted') countedAt.set(eventId, countedAt.get(eventId) ?? offset)
    else {
      const replays = Number(record.headers?.[REPLAYS]?.toString() ?? 0)
      letters.push(letter(letters.length, { key: record.key, eventId, headers: record.headers ?? {}, reason: answer, replays }))
    }
  }
  const catchUp = () => {
    for (; !stalled && consumed < sent.length; consumed += 1) consume(sent[consumed] as NewRecord, BigInt(consumed))
  }
  const put = ({ key, value, headers = {}, repeatedHeaders }: NewRecord): Letter =>
    letterOf(DLQ, {
      topic: DLQ.name,
      partition: 0,
      offset: BigInt(letters.length),
      timestamp: 0,
      key,
      value,
      headers,
      ...(repeatedHeaders && { repeatedHeaders }),
    })
  const replays: Replays = {
    async append(topic, records) {
      const first = BigInt(topic === DLQ.parked ? parked.length : topic === DLQ.name ? letters.length : sent.length)
      if (topic === DLQ.parked) parked.push(...records)
      else if (topic === DLQ.name) for (const record of records) letters.push(put(record))
      else
        for (const record of records) {
          sent.push(record)
          catchUp()
        }
      return records.map((_, i) => ({ partition: 0, offset: first + BigInt(i) }))
    },
    bounds: async () => bounds(sent.length),
    async sentSince(_, ends, run) {
      const since = sent.slice(Number(ends.get(0) ?? 0n))
      const first = Number(ends.get(0) ?? 0n)
      const replays = since.map(({ headers }, n) => ({ headers, place: { partition: 0, offset: BigInt(first + n) } }))
      return new Map(
        replays
          .filter(({ headers }) => String(headers?.[REPLAY_RUN]) === run)
          .reverse()
          .map(({ headers, place }) => [String(headers?.[REPLAY_LETTER]), place]),
      )
    },
    isCompacted: async () => false,
    async newestOf(_, since, keys, except) {
      const newest = new Map<string, LogRecord>()
      for (const [n, { key, value, headers = {} }] of sent.entries()) {
        const record = { topic: DLQ.topic, partition: 0, offset: BigInt(n), timestamp: 0, key, value, headers }
        const isLive = headers[REPLAY_RUN] === undefined && !except.has(positionText(record))
        if (isLive && record.offset >= (since.get(0) ?? 0n) && keys.has(keyMark(key) ?? '')) newest.set(keyMark(key) ?? '', record)
      }
      return newest
    },
    async replaysAt(_, places) {
      const found = new Map<string, Replay>()
      for (const place of places) {
        const { headers } = sent[Number(place.offset)] ?? {}
        if (headers) found.set(positionText(place), { run: String(headers[REPLAY_RUN]), letter: String(headers[REPLAY_LETTER]) })
      }
      return found
    },
  }
  const stopping = new AbortController()
  const work: CutWork = {
    audit,
    letters: reader,
    replays,
    outcomes: {
      committed: async () => new Map([[0, BigInt(consumed)]]),
      members: async () => 1,
      countedOf: async (_, records) => {
        const asked = positionsOf(records)
        return [...countedAt.values()]
          .filter((offset) => hasPosition(asked, 0, offset))
          .map((from) => ({ partition: 0, from, next: from + 1n }))
      },
      countedAt: async (_, eventIds) =>
        new Map(
          eventIds.flatMap((eventId) => {
            const offset = countedAt.get(eventId)
            return offset === undefined ? [] : [[eventId, { partition: 0, offset }] as const]
          }),
        ),
    },
    clock: systemClock,
    maxReplays: 3,
    verifyTimeoutMs: 10_000,
    maxLag: 5_000n,
    paceOf: () => paceOf(1_000_000),
    stopping: stopping.signal,
  }
  const queued: Cut[] = []
  return {
    audit,
    entries,
    letters,
    reader,
    sent,
    parked,
    work,
    queued,
    queue: { add: async (cut: Cut) => void queued.push(cut) },
    drain: () => stopping.abort(),
    /** The group stands still, and what it does not get to is given up soon. */
    stall: (verifyTimeoutMs = 20) => {
      stalled = true
      work.verifyTimeoutMs = verifyTimeoutMs
    },
    /** The group goes on. */
    resume: () => {
      stalled = false
      catchUp()
    },
  }
}
