// Works one cut of a run: sends what was not sent, waits for what the group made of it, writes it down.
import type { Clock } from '@tally/platform/clock'
import { wait } from '@tally/platform/clock'
import type { Bounds, NewRecord } from '@tally/platform/record-log'
import type { Cut } from './drive-runs.ts'
import { groupKeepsUp, mayGoOn } from './hold-run.ts'
import type { Run } from './ledger.ts'
import { queueOf } from './ledger.ts'
import type { Ends, Sending } from './ledger-entry.ts'
import { endsOf } from './ledger-entry.ts'
import type { Dlq, Letter } from './letter.ts'
import { parkedOf, positionText, replayOf, wavesByKey } from './letter.ts'
import type { Settled } from './outcome.ts'
import type { Pace } from './pace.ts'
import type { LetterReader } from './plan-replay.ts'
import { hasPosition } from './positions.ts'
import type { Audit } from './start-run.ts'
import type { Outcomes } from './verify-replays.ts'
import { verifyReplays } from './verify-replays.ts'

export type Replays = {
  /** Writes with acks=all; resolves once every record is acknowledged. */
  append(topic: string, records: NewRecord[]): Promise<void>
  bounds(topic: string): Promise<Map<number, Bounds>>
  /** Positions (`partition/offset`) of the letters of the run that were written to the topic since these ends. */
  sentSince(topic: string, ends: Ends, run: string): Promise<Set<string>>
}

export type CutWork = {
  audit: Audit
  letters: LetterReader
  replays: Replays
  outcomes: Outcomes
  clock: Clock
  maxReplays: number
  verifyTimeoutMs: number
  /** Nothing is sent while the group is further behind, in records. */
  maxLag: bigint
  paceOf(run: Run): Pace
  /** Aborts when the process drains: the cut is left as it is, and taken up again from the ledger. */
  stopping: AbortSignal
}

/** Works the cut as far as the run's state lets it; safe to repeat at any point. */
export async function workCut(dlq: Dlq, { run: id, cut, ranges }: Cut, work: CutWork): Promise<void> {
  const { audit, letters, clock } = work
  const ledger = await audit.refresh()
  const run = ledger.runs.get(id)
  if (run === undefined || run.state === 'ended') return
  const { final } = queueOf(ledger, dlq.name)
  const open: Letter[] = []
  const gone: Settled[] = []
  const found = new Set<string>()
  for await (const letter of letters.read(dlq, ranges)) {
    found.add(positionText(letter))
    if (hasPosition(run.settled, letter.partition, letter.offset)) continue
    if (hasPosition(final, letter.partition, letter.offset)) gone.push({ ...place(letter), outcome: 'settled-earlier' })
    else open.push(letter)
  }
  for (const { partition, from, next } of ranges) {
    for (let offset = from; offset < next; offset += 1n) {
      const missing = { partition, offset, outcome: 'missing' as const }
      if (!found.has(positionText(missing)) && !hasPosition(run.settled, partition, offset)) gone.push(missing)
    }
  }
  const settle = async (settled: Settled[]) => {
    if (settled.length > 0) await audit.append([{ kind: 'settled', run: id, dlq: dlq.name, letters: settled, at: clock.now() }])
  }
  await settle(gone)
  if (open.length > 0) await replay(dlq, run, cut, open, settle, work)
  if ((await audit.refresh()).runs.get(id)?.state === 'cancelling' && !work.stopping.aborted) {
    await audit.append([{ kind: 'ended', run: id, how: 'cancelled', at: clock.now() }])
  }
}

const place = ({ partition, offset }: Letter) => ({ partition, offset })

async function replay(
  dlq: Dlq,
  run: Run,
  cut: number,
  letters: Letter[],
  settle: (settled: Settled[]) => Promise<void>,
  work: CutWork,
): Promise<void> {
  const { replays, stopping } = work
  const noted = run.sending.get(cut)
  const sending = noted ?? (await note(dlq, run, cut, work))
  const sent = noted ? await replays.sentSince(dlq.topic, noted.topicEnds, run.id) : new Set<string>()
  if (!(await groupKeepsUp(dlq, run.id, work)) && sent.size === 0) return
  const pace = work.paceOf(run)
  const counted = new Set<string>()
  for (const wave of wavesByKey(letters)) {
    const tooOften = wave.filter((letter) => letter.replays >= work.maxReplays && !sent.has(positionText(letter)))
    await settle(await park(dlq, tooOften, work))
    const mine = wave.filter((letter) => !tooOften.includes(letter))
    const out = mine.filter((letter) => sent.has(positionText(letter)))
    const waiting = mine.filter((letter) => !sent.has(positionText(letter)))
    while (waiting.length > 0 && (await mayGoOn(run.id, work))) {
      const { count, waitMs } = pace.next(waiting.length, work.clock.now())
      await wait(waitMs, stopping)
      const slice = waiting.splice(0, count)
      await replays.append(
        dlq.topic,
        slice.map((letter) => replayOf(letter, run.id)),
      )
      out.push(...slice)
    }
    if (stopping.aborted) return
    const { settled, tooOften: again } = await verifyReplays(dlq, run.id, out, sending, counted, work)
    await settle([...settled, ...(await park(dlq, again, work))])
    if (waiting.length > 0) return
  }
}

/** Notes the ends before anything goes out: what is found behind them later belongs to this cut. */
async function note(dlq: Dlq, run: Run, cut: number, { audit, letters, replays, clock }: CutWork): Promise<Sending> {
  const [topicEnds, dlqEnds] = [endsOf(await replays.bounds(dlq.topic)), endsOf(await letters.bounds(dlq))]
  const sending = { kind: 'sending' as const, run: run.id, cut, topicEnds, dlqEnds, at: clock.now() }
  await audit.append([sending])
  return sending
}

/** Moves letters where only humans look: original bytes and headers, and the dead letter's own. */
async function park(dlq: Dlq, letters: Letter[], { replays }: CutWork): Promise<Settled[]> {
  if (letters.length === 0) return []
  await replays.append(dlq.parked, letters.map(parkedOf))
  return letters.map((letter) => ({ ...place(letter), outcome: 'parked' as const, reason: letter.reason }))
}
