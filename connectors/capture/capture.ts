// Whether the way from the outbox to the connector is whole: slot, stored offset, publication, heartbeat.
import { formatRfc3339 } from '@tally/platform/process/time'

export type SlotFacts = {
  active: boolean
  /** PostgreSQL's word: reserved, extended, unreserved, lost. */
  walStatus: string
  confirmedLsn: bigint
  retainedBytes: number
  /** Undefined: WAL is kept without limit. */
  budgetBytes: number | undefined
}

export type CaptureFacts = {
  /** Undefined: there is no such slot. */
  slot: SlotFacts | undefined
  /** Tables of the publication; undefined: there is no such publication. */
  published: string[] | undefined
  /** By the database's clock; undefined: it never beat. */
  heartbeatAgeMs: number | undefined
  /** When the newest event was accepted; undefined: there is none. */
  newestEventMs: number | undefined
  /** The database's clock. */
  nowMs: number
}

/** How far the connector has come, as Connect stored it. */
export type StoredOffset = { lsn: bigint; atMs: number }

export type Wanted = { slot: string; publication: string; tables: string[] }

/** Every case that is told by name. */
export const CASES = [
  'slot-missing',
  'slot-lost',
  'slot-ahead',
  'slot-at-risk',
  'publication-missing',
  'table-unpublished',
  'heartbeat-late',
] as const
export type Case = (typeof CASES)[number]

export type CaptureProblem = { name: Case; what: string; impact: string; wayBack: string }

export const HEARTBEAT_LATE_MS = 10_000
const RISKY_SHARE = 0.5

const RECOVER = 'make connect-recover WHY="…" (new slot, then the gap is sent again)'

/** Every case by its name, with what it means and the way back; empty when all is well. */
export function captureProblems(
  { slot, published, heartbeatAgeMs, nowMs }: CaptureFacts,
  offset: StoredOffset | undefined,
  wanted: Wanted,
): CaptureProblem[] {
  const problems: CaptureProblem[] = []
  const add = (name: Case, what: string, impact: string, wayBack: string) => problems.push({ name, what, impact, wayBack })
  if (slot === undefined) {
    add(
      'slot-missing',
      `there is no replication slot ${wanted.slot}`,
      'nothing is sent any more, and the connector fails when it starts again',
      RECOVER,
    )
  } else if (slot.walStatus === 'lost') {
    add(
      'slot-lost',
      `PostgreSQL gave the slot ${wanted.slot} up: it held back more WAL than max_slot_wal_keep_size`,
      'nothing is sent any more',
      RECOVER,
    )
  } else if (offset && slot.confirmedLsn > offset.lsn) {
    add(
      'slot-ahead',
      `the slot ${wanted.slot} was moved past what the connector has read`,
      'what lies between was not sent; the connector refuses to start over it',
      RECOVER,
    )
  } else if (slot.walStatus === 'unreserved' || (slot.budgetBytes !== undefined && slot.retainedBytes > RISKY_SHARE * slot.budgetBytes)) {
    const budget = slot.budgetBytes === undefined ? 'without limit' : `of ${mebibytes(slot.budgetBytes)}`
    add(
      'slot-at-risk',
      `the slot holds back ${mebibytes(slot.retainedBytes)} ${budget}`,
      'past the budget it is lost; the API refuses orders before that',
      'find what stands still: make connect-status, make status',
    )
  }
  const missing = published && wanted.tables.filter((table) => !published.includes(table))
  if (missing === undefined) {
    add(
      'publication-missing',
      `there is no publication ${wanted.publication}`,
      'the connector cannot read the outbox',
      'run the migrations again: make up; then make connect-restart-failed',
    )
  } else if (missing.length > 0) {
    add(
      'table-unpublished',
      `the publication ${wanted.publication} lacks ${missing.join(', ')}`,
      'changes of that table are not sent, without an error',
      `alter publication ${wanted.publication} add table …, then make connect-reemit the time it was missing`,
    )
  }
  // A paused connector still writes the row, it only sends nothing: the stored offset tells that.
  const sentAgeMs = heartbeatAgeMs === undefined ? undefined : Math.max(heartbeatAgeMs, nowMs - (offset?.atMs ?? nowMs))
  if (sentAgeMs === undefined || sentAgeMs > HEARTBEAT_LATE_MS) {
    const age = sentAgeMs === undefined ? 'never' : `${Math.round(sentAgeMs / 1000)} s ago`
    add(
      'heartbeat-late',
      `the connector’s last heartbeat was ${age}`,
      'asOf stands still',
      'make connect-status shows whether it runs; then make connect-resume or make connect-restart-failed',
    )
  }
  return problems
}

/** Cases in which events are missing that only sending them again brings back. */
export const needsRecovery = (problems: CaptureProblem[]): CaptureProblem | undefined =>
  problems.find(({ name }) => name === 'slot-missing' || name === 'slot-lost' || name === 'slot-ahead')

/** Two lines of figures, then each problem. */
export function captureText(
  { slot, nowMs, newestEventMs }: CaptureFacts,
  offset: StoredOffset | undefined,
  problems: CaptureProblem[],
): string {
  const figures = slot
    ? `  slot ${slot.active ? 'active' : 'inactive'}, ${slot.walStatus}, keeps ${mebibytes(slot.retainedBytes)} of WAL${slot.budgetBytes === undefined ? '' : ` of ${mebibytes(slot.budgetBytes)}`}`
    : '  no slot'
  const behind = offset
    ? `${seconds(nowMs - offset.atMs)} behind its source (has read up to ${formatRfc3339(BigInt(offset.atMs) * 1000n)})`
    : 'no stored offset is known'
  return [
    `  ${behind}, last event ${newestEventMs === undefined ? 'never' : `${seconds(nowMs - newestEventMs)} ago`}`,
    figures,
    ...problems.map(({ name, what, impact, wayBack }) => `  ${name}: ${what}\n    impact: ${impact}\n    way back: ${wayBack}`),
  ].join('\n')
}

const seconds = (ms: number) => `${(Math.max(0, ms) / 1000).toFixed(1)} s`
const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(bytes < 100 * 2 ** 20 ? 1 : 0)} MiB`
