// The loop's whole policy: what each error means for a batch, and how patient the loop is.
import { InvalidMessage, OutOfPosition, RejectedRecords, StopProcess, Unavailable } from '#process/errors'

/** What comes of a batch, or of a part of it, that could not be settled. */
export type Decision =
  /** The record, or those that the handler names, become dead letters at once, with their original bytes. */
  | 'dead-letter'
  /** The partition is paused and the batch tried again with back-off; not ready meanwhile; past a deadline the process stops. Never a dead letter. */
  | 'wait'
  /** The batch is tried `attempts` times in all, then halved until the record that fails is alone: that one becomes a dead letter. */
  | 'retry'
  /** Consuming goes on where the handler says it is. */
  | 'seek'
  /** The process ends, with nothing committed past this. */
  | 'stop'
  /** The partition has another owner: nothing more is finished or committed for it. */
  | 'leave'

/** Thrown between two links of the chain when the partition is not ours any more. */
export const REVOKED = Symbol('the partition was revoked')

/** The table. test/policy.unit.test.ts goes through it; test/support/consume.contract.ts shows on every log what follows from each row. */
export function decisionOf(error: unknown): Decision {
  if (error === REVOKED) return 'leave'
  if (error instanceof InvalidMessage || error instanceof RejectedRecords) return 'dead-letter'
  if (error instanceof Unavailable) return 'wait'
  if (error instanceof OutOfPosition) return 'seek'
  // Also: a dead letter that was not acknowledged, too many dead letters, a position outside the log.
  if (error instanceof StopProcess) return 'stop'
  return 'retry'
}

/** Whether one of the records is to blame, rather than the whole partition or the process being in the wrong place. */
export function isAboutRecords(error: unknown): boolean {
  const decision = decisionOf(error)
  // A handler that rejects no record of its slice by name has failed like any other.
  return decision === 'retry' || decision === 'dead-letter'
}

/** Durations in milliseconds. */
export type Policy = {
  /** Attempts at a failing batch before it is bisected down to the poison record. */
  attempts: number
  firstBackoffMs: number
  maxBackoffMs: number
  /** How long the handler may be Unavailable before the process stops. */
  unavailableDeadlineMs: number
  /** Dead letters allowed among the last `dlqWindow` records before the process stops. */
  dlqWindow: number
  dlqShare: number
  dlqInARow: number
  /** Replayed records that may fail in a row before the process stops; they are no part of the limit of the others. */
  dlqReplaysInARow: number
  /** How often the loop is looked at from beside. */
  watchEveryMs: number
  /** Records wait and none comes for this long: the client has stalled, and the process ends. */
  stallTimeoutMs: number
  /** An open transaction that keeps records from being read for this long makes the service not ready. */
  heldBackAfterMs: number
  /** A batch may be in hand this long without anything being settled, then the process ends. */
  hangingAfterMs: number
  /** Fetching pauses while more records wait in memory than this. */
  maxBufferedRecords: number
}

export const DEFAULT_POLICY: Policy = {
  attempts: 3,
  firstBackoffMs: 1_000,
  maxBackoffMs: 30_000,
  unavailableDeadlineMs: 600_000,
  dlqWindow: 500,
  dlqShare: 0.2,
  dlqInARow: 50,
  // As many as the dlq-replayer ever has out without an outcome: more are not its doing.
  dlqReplaysInARow: 20_000,
  watchEveryMs: 5_000,
  // Longer than a rebalance may take.
  stallTimeoutMs: 90_000,
  heldBackAfterMs: 10_000,
  hangingAfterMs: 300_000,
  maxBufferedRecords: 50_000,
}

type Configured = { DLQ_MAX_IN_A_ROW: number; DLQ_MAX_SHARE: number; STALL_TIMEOUT_MS: number; MAX_BUFFERED_RECORDS: number }

/** The policy as far as a service's configuration tells it. */
export const policyOf = (config: Configured): Partial<Policy> => ({
  dlqInARow: config.DLQ_MAX_IN_A_ROW,
  dlqShare: config.DLQ_MAX_SHARE,
  stallTimeoutMs: config.STALL_TIMEOUT_MS,
  maxBufferedRecords: config.MAX_BUFFERED_RECORDS,
})
