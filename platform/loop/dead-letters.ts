// Writes dead letters, each once per delivery, and stops the process when they stop being exceptions.
import type { Clock } from '#process/clock'
import { messageOf, StopProcess, Unavailable } from '#process/errors'
import type { Log } from '#process/log'
import { deadLetterOf, deadLetterTopic } from '#records/dead-letter'
import type { LogRecord, NewRecord, RecordLog } from '#records/record-log'
import { isReplay } from '#records/replay-headers'
import { dlqLimit } from './dlq-limit.ts'
import type { Fault } from './handler.ts'
import type { ConsumeMetrics } from './metrics.ts'
import type { Partition } from './partition.ts'
import type { Policy } from './policy.ts'

type Options = { recordLog: RecordLog; group: string; clock: Clock; log: Log; metrics: ConsumeMetrics; policy: Policy }

/** What is over a limit, and what to do. */
type Over = { limit: string; advice: string }

export type DeadLetters = {
  /**
   * Writes the dead letters of these records that are not written yet; resolves once acknowledged.
   * @throws StopProcess before writing when there are too many of them, or when one is not acknowledged
   */
  write(partition: Partition, records: LogRecord[], faults: Map<LogRecord, Fault>): Promise<void>
  /** The records are settled: the next ones may begin. */
  settled(partition: Partition, records: LogRecord[]): void
}

/** Those of one consumer group. */
export function deadLetters({ recordLog, group, clock, log, metrics, policy }: Options): DeadLetters {
  const limit = dlqLimit(policy)
  let replaysInARow = 0

  /** Brings the window up to date in the records' order; what is over the limit, if anything. */
  function note(records: LogRecord[], fresh: Set<LogRecord>, noted: Partition['deadLetters']): Over | undefined {
    let over: Over | undefined
    for (const record of records) {
      const isHandled = !fresh.has(record) && record.offset >= noted.notedUpTo && !noted.written.has(record.offset)
      if (!fresh.has(record) && !isHandled) continue
      if (isReplay(record)) over = replayed(isHandled) ?? over
      else if (isHandled) limit.handled(1)
      else over = liveFailed() ?? over
    }
    const last = records.at(-1)
    if (last && last.offset >= noted.notedUpTo) noted.notedUpTo = last.offset + 1n
    return over
  }

  function liveFailed(): Over | undefined {
    const over = limit.deadLettered(1)
    return over === undefined ? undefined : { limit: over, advice: FIND_THE_CAUSE }
  }

  /**
   * Replayed records are no part of the limit of the others: a run stops by itself when its records fail, and must not end
   * the counting of live ones. But anybody can write the headers of a replay, so there is an end to them too.
   */
  function replayed(isHandled: boolean): Over | undefined {
    replaysInARow = isHandled ? 0 : replaysInARow + 1
    const most = policy.dlqReplaysInARow
    if (replaysInARow <= most) return undefined
    return { limit: `${replaysInARow} replayed records in a row cannot be handled (limit ${most})`, advice: STOP_THE_WRITER }
  }

  async function append(topic: string, lettersOf: (brief: boolean) => NewRecord[]): Promise<void> {
    const letters = lettersOf(false)
    try {
      await recordLog.append(topic, letters)
    } catch (error) {
      if (error instanceof Unavailable) throw error
      // A record near the largest that the topic takes may fit only without what quotes the fault.
      await recordLog.append(topic, lettersOf(true))
    }
  }

  async function write(of: Partition, records: LogRecord[], faults: Map<LogRecord, Fault>): Promise<void> {
    const noted = of.deadLetters
    const fresh = new Map([...faults].filter(([record]) => !noted.written.has(record.offset)))
    if (fresh.size === 0) return
    const over = note(records, new Set(fresh.keys()), noted)
    const topic = deadLetterTopic(of.topic, group)
    if (over) throw new StopProcess(tooMany(over, topic, fresh))
    const lettersOf = (brief: boolean) =>
      [...fresh].map(([record, fault]) => deadLetterOf(record, { ...fault, group, failedAt: clock.now(), brief }))
    try {
      await append(topic, lettersOf)
    } catch (cause) {
      throw new StopProcess(notAcknowledged(topic, cause), 1, { cause })
    }
    for (const [record, { reason, error, attempts }] of fresh) {
      noted.written.add(record.offset)
      metrics.deadLetters.inc({ topic: record.topic, reason })
      metrics.records.inc({ topic: record.topic, outcome: 'dead_lettered' })
      const { topic: from, partition, offset } = record
      const eventId = record.headers.id?.toString()
      log.error(
        { topic: from, partition, offset: String(offset), eventId, attempt: attempts, reason, err: error },
        `dead-lettered to ${topic}`,
      )
    }
  }

  return {
    write,
    settled({ deadLetters: noted }, records) {
      note(records, new Set(), noted)
      for (const offset of noted.written) if (offset < noted.notedUpTo) noted.written.delete(offset)
    },
  }
}

const notAcknowledged = (topic: string, cause: unknown) =>
  `could not write a dead letter to ${topic}: ${messageOf(cause)}. No offset was committed past the record. Fix Kafka, or raise max.message.bytes of the topic if the record is too large for it, and start again.`

const FIND_THE_CAUSE =
  'That is no single bad record: find the cause (a schema not registered, a release gone wrong) and start again. To dead-letter them all the same, raise DLQ_MAX_IN_A_ROW and DLQ_MAX_SHARE.'

const STOP_THE_WRITER =
  'A run of the dlq-replayer stops long before: something else writes records with the headers of a replay. Find what writes them and stop it. The next start goes on, and stops again after as many.'

function tooMany({ limit, advice }: Over, topic: string, fresh: Map<LogRecord, Fault>): string {
  const reasons = [...new Set([...fresh.values()].map(({ reason }) => reason))].join(', ')
  return `${limit}: ${reasons}. ${advice} None of these was written to ${topic} and nothing was committed past them.`
}
