// Seeks and pauses of a KafkaJS consumer: a partition is fetched while neither its user nor the buffer gate has paused it.
import type { Consumer } from 'kafkajs'

type Place = { topic: string; partition: number }

export function positioning(consumer: Consumer) {
  const pausedByUser = new Set<string>()
  let assigned: Place[] = []
  let shut = false
  const fetched = (place: Place) => !shut && !pausedByUser.has(keyOf(place))

  function apply({ topic, partition }: Place): void {
    const partitions = [{ topic, partitions: [partition] }]
    whenRunning(() => (fetched({ topic, partition }) ? consumer.resume(partitions) : consumer.pause(partitions)))
  }

  return {
    seek: (topic: string, partition: number, nextOffset: bigint) =>
      whenRunning(() => consumer.seek({ topic, partition, offset: String(nextOffset) })),
    pause(topic: string, partition: number) {
      pausedByUser.add(keyOf({ topic, partition }))
      apply({ topic, partition })
    },
    resume(topic: string, partition: number) {
      pausedByUser.delete(keyOf({ topic, partition }))
      apply({ topic, partition })
    },
    /** KafkaJS keeps pauses through rebalances. */
    assigned(places: Place[]) {
      assigned = places
      for (const place of places) apply(place)
    },
    /** Fetches nothing while shut. */
    gate(isShut: boolean) {
      shut = isShut
      for (const place of assigned) apply(place)
    },
  }
}

// While KafkaJS starts again after a crash there is nothing to position: joining asks startAt.
function whenRunning(act: () => void): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof Error && /not initialized/.test(error.message))) throw error
  }
}

const keyOf = ({ topic, partition }: Place) => `${topic}/${partition}`
