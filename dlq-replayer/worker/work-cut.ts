// Works one cut of a run: what is left of it goes out load by load; what another run settled, or nobody keeps any more, is noted.
import type { Clock } from '@tally/platform/process/clock'
import type { Bounds, LogRecord, NewRecord } from '@tally/platform/records/record-log'
import type { Audit } from '#command/start-run'
import type { Ends } from '#ledger/entry'
import type { Run } from '#ledger/ledger'
import { queueOf } from '#ledger/ledger'
import type { Settled } from '#ledger/outcome'
import { settledAs } from '#ledger/outcome'
import { endingOf, loadSize } from '#ledger/run-brake'
import type { Dlq, Replay } from '#letters/letter'
import { parted } from '#letters/letter'
import { lettersInLoads } from '#letters/letter-loads'
import type { Place, Positions, Range } from '#letters/positions'
import { addPlaces, coversRange, hasPosition, missingFrom } from '#letters/positions'
import type { LetterReader } from '#plan/plan-replay'
import type { Cut } from './drive-runs.ts'
import type { Pace } from './pace.ts'
import { replayLoads } from './replay-loads.ts'
import type { Outcomes } from './verify-replays.ts'

export type Replays = {
  /** Writes with acks=all; resolves once every record is acknowledged, with where each of them lies. */
  append(topic: string, records: NewRecord[]): Promise<Place[]>
  bounds(topic: string): Promise<Map<number, Bounds>>
  /** Positions (`partition/offset`) of the letters of the run that were written to the topic since these ends, and where each lies there. */
  sentSince(topic: string, ends: Ends, run: string): Promise<Map<string, Place>>
  /** Whether the topic is compacted. @throws Unavailable */
  isCompacted(topic: string): Promise<boolean>
  /** The last record of each of the keys (see keyMark) at or behind these offsets that no run wrote, but those at the places left out. */
  newestOf(topic: string, since: Ends, keys: ReadonlySet<string>, except: ReadonlySet<string>): Promise<Map<string, LogRecord>>
  /** What lies at these places, by `partition/offset`, of what was replayed by any run. */
  replaysAt(topic: string, places: Place[]): Promise<Map<string, Replay>>
}

export type Consumers = {
  /** How many consumers the group has. @throws Unavailable */
  members(group: string): Promise<number>
}

export type CutWork = {
  audit: Audit
  letters: LetterReader
  replays: Replays
  outcomes: Outcomes & Consumers
  clock: Clock
  maxReplays: number
  verifyTimeoutMs: number
  /** Nothing is sent while the group is further behind, in records; and no more dead letters than that are out at once. */
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
  const settle = async (settled: Settled[]) => {
    for (let i = 0; i < settled.length; i += SETTLED_PER_ENTRY) {
      const some = settled.slice(i, i + SETTLED_PER_ENTRY)
      await audit.append([{ kind: 'settled', run: id, dlq: dlq.name, letters: some, at: clock.now() }])
    }
  }
  const found: Positions = new Map()
  const loads = replayLoads({ dlq, run, cut, settle, work })
  const isLeft = () => ranges.some((range) => !coversRange(run.settled, range))
  let whole = true
  for await (const load of lettersInLoads(letters.read(dlq, ranges), () => loadSize(run, work.maxLag))) {
    addPlaces(found, load)
    const left = load.filter(({ partition, offset }) => !hasPosition(run.settled, partition, offset))
    const [gone, open] = parted(left, ({ partition, offset }) => hasPosition(final, partition, offset))
    await settle(gone.map((letter) => settledAs(letter, { outcome: 'settled-earlier' })))
    whole = open.length === 0 || (await loads.replay(open))
    if (!whole) break
  }
  await loads.settled()
  if (whole) await settle(goneFrom(ranges, found, run.settled))
  await audit.refresh()
  if (work.stopping.aborted) return
  const ending = run.state === 'cancelling' ? 'cancelled' : isLeft() ? endingOf(run, cut) : undefined
  if (ending) await audit.append([{ kind: 'ended', run: id, how: ending, at: clock.now() }])
}

const SETTLED_PER_ENTRY = 5_000

/** What the ranges name and the queue does not hold any more. */
const goneFrom = (ranges: Range[], found: Positions, settled: Positions): Settled[] =>
  missingFrom(missingFrom(ranges, found), settled).map((range) => ({ ...range, outcome: 'missing' as const }))
