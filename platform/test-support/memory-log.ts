// The record log in memory: for tests, with a handle for faults. It passes the same contract suite as Kafka.

import type { Clock } from '#process/clock'
import { Unavailable } from '#process/errors'
import type { LogRecord, NewRecord, RecordLog, Written } from '#records/record-log'
import { memoryGroups } from './memory-groups.ts'
import { lastStableOf, type MemoryPartition } from './memory-partition.ts'

export type OpenTransaction = { commit(): Promise<void>; abort(): Promise<void> }

export type MemoryLog = RecordLog & {
  createTopic(topic: string, partitions: number): void
  /** What the partition, or else the whole topic, holds. */
  records(topic: string, partition?: number): LogRecord[]
  /** Retention: forgets records before the offset. */
  trim(topic: string, partition: number, logStart: bigint): void
  /** Compaction: forgets one record from the middle. */
  compactAway(topic: string, partition: number, offset: bigint): void
  /** Appends records that are read once their transaction is committed, and never if it is aborted. Its end takes an offset of its own. */
  transaction(topic: string, partition: number, records: NewRecord[]): Promise<OpenTransaction>
  /** Every member of the group loses its partitions and is assigned anew. */
  rebalance(group: string): Promise<void>
  /** The group's committed next offset. */
  committed(group: string, topic: string, partition: number): bigint | undefined
  faults: {
    /** Thrown by everything while set; nothing is handed out. */
    away?: Error | undefined
    /** What an append to the topic throws; undefined: it succeeds. */
    append?: ((topic: string, records: readonly NewRecord[]) => Error | undefined) | undefined
    /** Hands out nothing, and says nothing, while set. */
    silent?: boolean
  }
}

/** @param maxBatch most records of one batch */
export function memoryLog({ clock, maxBatch = 500 }: { clock: Clock; maxBatch?: number }): MemoryLog {
  const topics = new Map<string, MemoryPartition[]>()
  const faults: MemoryLog['faults'] = {}
  const groups = memoryGroups({ partitionsOf, maxBatch, isSilent: () => faults.silent === true || faults.away !== undefined })
  let keyless = 0

  function partitionsOf(topic: string): MemoryPartition[] {
    const partitions = topics.get(topic)
    if (!partitions) throw new Unavailable(`there is no topic ${topic}`)
    return partitions
  }

  function answering(): void {
    if (faults.away) throw faults.away
  }

  function partitionFor({ key, partition }: NewRecord, count: number): number {
    if (partition !== undefined) return partition
    if (key !== null) return key.reduce((hash, byte) => (hash * 31 + byte) % 1_000_003, 7) % count
    keyless += 1
    return keyless % count
  }

  function push(topic: string, partition: number, { partition: _, ...content }: NewRecord): bigint {
    const into = partitionsOf(topic)[partition] as MemoryPartition
    const offset = into.end
    into.records.push({ topic, partition, offset, timestamp: clock.now(), headers: {}, ...content })
    into.end += 1n
    return offset
  }

  return {
    faults,
    createTopic(topic, count) {
      topics.set(
        topic,
        Array.from({ length: count }, () => ({ logStart: 0n, end: 0n, records: [], openFrom: new Set<bigint>() })),
      )
    },
    async append(topic, records) {
      answering()
      const fault = faults.append?.(topic, records)
      if (fault) throw fault
      const partitions = partitionsOf(topic)
      const written: Written[] = []
      for (const record of records) {
        const partition = partitionFor(record, partitions.length)
        written.push({ partition, offset: push(topic, partition, record) })
      }
      groups.wake()
      return written
    },
    async bounds(topic) {
      answering()
      const entries = partitionsOf(topic).map((kept, partition) => {
        const { logStart, end: highWatermark } = kept
        return [partition, { logStart, highWatermark, lastStable: lastStableOf(kept) }] as const
      })
      return new Map(entries)
    },
    async subscribe(subscription) {
      answering()
      for (const topic of subscription.topics) partitionsOf(topic)
      return groups.join(subscription)
    },
    records(topic, partition) {
      const partitions = topics.get(topic) ?? []
      return partitions.filter((_, index) => partition === undefined || partition === index).flatMap(({ records }) => records)
    },
    trim(topic, partition, logStart) {
      const trimmed = partitionsOf(topic)[partition] as MemoryPartition
      trimmed.logStart = logStart
      if (trimmed.end < logStart) trimmed.end = logStart
      trimmed.records = trimmed.records.filter(({ offset }) => offset >= logStart)
    },
    compactAway(topic, partition, offset) {
      const compacted = partitionsOf(topic)[partition] as MemoryPartition
      compacted.records = compacted.records.filter((record) => record.offset !== offset)
    },
    async transaction(topic, partition, records) {
      answering()
      const into = partitionsOf(topic)[partition] as MemoryPartition
      const from = into.end
      into.openFrom.add(from)
      const written = new Set(records.map((record) => push(topic, partition, record)))
      const end = async (isCommitted: boolean) => {
        if (!isCommitted) into.records = into.records.filter(({ offset }) => !written.has(offset))
        into.openFrom.delete(from)
        into.end += 1n
        groups.wake()
      }
      return { commit: () => end(true), abort: () => end(false) }
    },
    rebalance: groups.rebalance,
    committed: groups.committed,
    close: async () => {},
  }
}
