// What the work on one job of a run rests on.
import type { Clock } from '@tally/platform/process/clock'
import type { Run } from '#ledger/ledger'
import type { Audit, Consumers, LetterReader, Outcomes, Replays } from '#ports'
import type { Pace } from './pace.ts'

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
