// Follows a topic and notes when each event was first handed to a consumer.
import { kafkaClient } from '@tally/platform/kafka/client'
import { createLog } from '@tally/platform/process/log'
import { stack } from '../../support/stack.ts'

export type Arrivals = {
  /** performance.now() of the first arrival of an event. */
  at(id: string): number | undefined
  /** Arrivals of events that had arrived before. */
  repeats(): number
  /** Takes no more of the machine. */
  pause(): void
  close(): Promise<void>
}

export async function followTopic(topic: string): Promise<Arrivals> {
  const client = kafkaClient({ brokers: [stack.kafka], clientId: topic, log: createLog('bench', 'silent') })
  const consumer = client.consumer({ groupId: topic, maxWaitTimeInMs: 500 })
  const first = new Map<string, number>()
  let repeats = 0
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachBatch: async ({ batch }) => {
      const now = performance.now()
      for (const { headers } of batch.messages) {
        const id = String(headers?.id)
        if (first.has(id)) repeats += 1
        else first.set(id, now)
      }
    },
  })
  return {
    at: (id) => first.get(id),
    repeats: () => repeats,
    pause: () => consumer.pause([{ topic }]),
    async close() {
      await consumer.disconnect()
      const admin = client.admin()
      await admin.connect()
      await admin.deleteGroups([topic])
      await admin.disconnect()
    },
  }
}
