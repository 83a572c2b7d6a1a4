// Which partition a record goes to: the same as by KafkaJS's DefaultPartitioner and the Java client, without a BigInt for every step of the hash.
import { randomInt } from 'node:crypto'
import type { PartitionMetadata } from 'kafkajs'
import type { NewRecord } from '#records/record-log'

const [SEED, MIX] = [0x9747b28c, 0x5bd1e995]

/** Murmur2 as the Java client computes it; a signed number. */
export function murmur2(key: Buffer): number {
  const { length } = key
  const words = length & ~3
  let hash = SEED ^ length
  for (let at = 0; at < words; at += 4) {
    const word = Math.imul(key.readInt32LE(at), MIX)
    hash = Math.imul(hash, MIX) ^ Math.imul(word ^ (word >>> 24), MIX)
  }
  if (words < length) {
    for (let at = words; at < length; at += 1) hash ^= (key[at] as number) << (8 * (at - words))
    hash = Math.imul(hash, MIX)
  }
  hash = Math.imul(hash ^ (hash >>> 13), MIX)
  return hash ^ (hash >>> 15)
}

const positive = (hash: number) => hash & 0x7fffffff

/** What chooses the partition of one record after the other; those without a key go round the partitions that have a leader. */
export function partitioner() {
  const keyless = new Map<string, number>()
  return (topic: string, partitions: readonly PartitionMetadata[]) => {
    const led = partitions.filter(({ leader }) => leader >= 0)
    const round = led.length > 0 ? led : partitions
    return ({ key, partition }: NewRecord): number => {
      if (partition !== undefined) return partition
      if (key !== null) return positive(murmur2(key)) % partitions.length
      const next = (keyless.get(topic) ?? randomInt(2 ** 31)) + 1
      keyless.set(topic, next)
      return (round[positive(next) % round.length] as PartitionMetadata).partitionId
    }
  }
}
