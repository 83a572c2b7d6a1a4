// Sends letters load by load: the next load goes out while the group still works on the last one, unless they share a key.
import { wait } from '@tally/platform/process/clock'
import type { Sending } from '#ledger/entry'
import { endsOf } from '#ledger/entry'
import type { Run } from '#ledger/ledger'
import { queueOf } from '#ledger/ledger'
import type { Settled } from '#ledger/outcome'
import { settledAs } from '#ledger/outcome'
import type { Dlq, Keyed, Letter } from '#letters/letter'
import { copyOf, parted, placeOf, positionText, replayOf, wavesByKey } from '#letters/letter'
import type { Place } from '#letters/positions'
import { hasPosition } from '#letters/positions'
import { putRight, superseded } from './compacted.ts'
import { groupBrake } from './hold-run.ts'
import type { Sent } from './letters-out.ts'
import { lettersOut } from './letters-out.ts'
import { endingOf, mostOut } from './run-brake.ts'
import { failureReader, verifyReplays } from './verify-replays.ts'
import type { CutWork } from './work.ts'

type Loading = { dlq: Dlq; run: Run; cut: number; settle(settled: Settled[]): Promise<void>; work: CutWork }

export type Loads = {
  /** Resolves when the letters are out, or cannot go out now: then false, and nothing behind them may. */
  replay(letters: Letter[]): Promise<boolean>
  /** Resolves when everything that is out has been settled. */
  settled(): Promise<void>
}

/** Begins with nothing sent: what an earlier attempt at the cut has sent is found in the topic. */
export function replayLoads({ dlq, run, cut, settle, work }: Loading): Loads {
  const { replays, stopping } = work
  const pace = work.paceOf(run)
  const maySend = groupBrake(dlq, run.id, work, () => out.size() > 0)
  let started: Promise<Started> | undefined

  /** What an engineer put back is replayed once more. */
  const isTooOften = ({ replays, partition, offset }: Letter) =>
    replays >= work.maxReplays && !hasPosition(queueOf(work.audit.latest(), dlq.name).unparked, partition, offset)

  async function park(letters: Letter[]): Promise<Settled[]> {
    if (letters.length > 0)
      await replays.append(
        dlq.parked,
        letters.map(({ record }) => copyOf(record)),
      )
    return letters.map((letter) => settledAs(letter, { outcome: 'parked', reason: letter.reason }))
  }

  const out = lettersOut(async (letters) => {
    const { sending, failures } = await (started ?? start(dlq, run, cut, work))
    const { settled, tooOften } = await verifyReplays(dlq, letters, sending, failures, work)
    await settle([...settled, ...(await park(tooOften))])
  })

  /** Sends what was not sent; whether all of them are out. */
  async function send(letters: Keyed[], { sent, compacted }: Started): Promise<boolean> {
    const [before, waiting] = sentBefore(letters, sent)
    const isOut = async (letters: Sent[]) => {
      if (compacted) await putRight(dlq.topic, letters, replays)
      out.add(letters)
    }
    if (before.length > 0) await isOut(before)
    while (waiting.length > 0) {
      const most = mostOut(run, work.maxLag)
      const { count, waitMs } = pace.next(Math.min(waiting.length, most), work.clock.now())
      await wait(waitMs, stopping)
      await out.until((letters) => letters + count <= Math.max(count, most))
      // Asked last: to wait for room takes as long as the group does, and brings new outcomes.
      if (!(await maySend()) || endingOf(run, cut)) break
      const slice = waiting.splice(0, count)
      const places = await replays.append(
        dlq.topic,
        // Of a compacted topic every group has to find the record: it may be the only one of its key.
        slice.map(({ letter }) => replayOf(letter, run.id, compacted)),
      )
      await isOut(slice.map(({ letter, key }, i) => ({ letter, key, at: places[i] as Place })))
    }
    return waiting.length === 0
  }

  return {
    async replay(letters) {
      started ??= start(dlq, run, cut, work)
      const state = await started
      if (!(await maySend()) && state.sent.size === 0) return false
      const isOld = state.compacted ? await superseded(dlq.topic, letters, replays) : () => false
      const [old, live] = parted(letters, (letter) => isOld(letter) && !state.sent.has(positionText(letter)))
      await settle(old.map((letter) => settledAs(letter, { outcome: 'superseded' })))
      for (const wave of wavesByKey(live)) {
        const [tooOften, mine] = parted(wave, ({ letter }) => isTooOften(letter) && !state.sent.has(positionText(letter)))
        await settle(await park(tooOften.map(({ letter }) => letter)))
        await out.until((_, keys) => !wave.some(({ key }) => key !== undefined && keys.has(key)))
        if (stopping.aborted) return false
        if (!(await send(mine, state)) && state.sent.size === 0) return false
      }
      return true
    },
    settled: () => out.until((letters) => letters === 0),
  }
}

/** `sent`: what has no outcome yet, and where its replay lies. */
type Started = { sending: Sending; sent: Map<string, Place>; failures: ReturnType<typeof failureReader>; compacted: boolean }

/** Takes out of `sent` what is in it. */
function sentBefore(letters: Keyed[], sent: Map<string, Place>): [Sent[], Keyed[]] {
  if (sent.size === 0) return [[], [...letters]]
  const [before, others]: [Sent[], Keyed[]] = [[], []]
  for (const { letter, key } of letters) {
    const at = sent.get(positionText(letter))
    if (at) before.push({ letter, key, at })
    else others.push({ letter, key })
    sent.delete(positionText(letter))
  }
  return [before, others]
}

/** What the cut has sent before, by what was noted then; else the ends are noted now: what is found behind them later belongs to this cut. */
async function start(dlq: Dlq, run: Run, cut: number, { audit, letters, replays, clock }: CutWork): Promise<Started> {
  const compacted = await replays.isCompacted(dlq.topic)
  const noted = run.sending.get(cut)
  if (noted !== undefined) {
    const sent = await replays.sentSince(dlq.topic, noted.topicEnds, run.id)
    const { final } = queueOf(audit.latest(), dlq.name)
    const isSettled = ({ partition, offset }: Place) => [run.settled, final].some((settled) => hasPosition(settled, partition, offset))
    for (const letter of sent.keys()) if (isSettled(placeOf(letter))) sent.delete(letter)
    return { sending: noted, sent, failures: failureReader(dlq, noted.dlqEnds, letters, run.id), compacted }
  }
  const [topicEnds, dlqEnds] = [endsOf(await replays.bounds(dlq.topic)), endsOf(await letters.bounds(dlq))]
  const sending: Sending = { kind: 'sending', run: run.id, cut, topicEnds, dlqEnds, at: clock.now() }
  await audit.append([sending])
  return { sending, sent: new Map(), failures: failureReader(dlq, dlqEnds, letters, run.id), compacted }
}
