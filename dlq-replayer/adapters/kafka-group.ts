// How far a consumer group has committed, and whether anybody consumes in it.

import type { kafkaClient } from '@tally/platform/kafka/client'
import { Unavailable } from '@tally/platform/process/errors'
import type { Ends } from '#ledger/entry'

export type GroupOffsets = {
  /** The group's next offsets on the topic; a partition it never committed is not in it. @throws Unavailable */
  committed(group: string, topic: string): Promise<Ends>
  /** How many consumers the group has. @throws Unavailable */
  members(group: string): Promise<number>
  close(): Promise<void>
}

export async function kafkaGroupOffsets(kafka: ReturnType<typeof kafkaClient>): Promise<GroupOffsets> {
  const admin = kafka.admin()
  await admin.connect()
  return {
    async committed(group, topic) {
      try {
        const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
        const partitions = offsets?.partitions ?? []
        return new Map(partitions.map(({ partition, offset }) => [partition, BigInt(offset)] as const).filter(([, offset]) => offset >= 0n))
      } catch (error) {
        throw new Unavailable(`the committed offsets of ${group} on ${topic} cannot be read`, { cause: error })
      }
    },
    async members(group) {
      try {
        const { groups } = await admin.describeGroups([group])
        return groups[0]?.members.length ?? 0
      } catch (error) {
        throw new Unavailable(`the consumers of ${group} cannot be read`, { cause: error })
      }
    },
    close: () => admin.disconnect(),
  }
}
