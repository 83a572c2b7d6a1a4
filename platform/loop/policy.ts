// How patient the consume loop is.

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
