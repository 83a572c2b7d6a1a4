// When each partition's loop last turned: a handler that hangs and a client that fetches nothing look alike from outside.
import type { Clock } from '#process/clock'

export type Place = { topic: string; partition: number }
type Turn = Place & { at: number; inHand: boolean; lastTimestamp: number | undefined }

export type Turns = {
  /** These partitions are ours from now on, and no others. */
  assigned(places: Place[]): void
  places(): Place[]
  /** Whether the group was ever joined. */
  joined(): boolean
  begin(place: Place): void
  /** @param timestamp of the last record; undefined: there was none */
  settled(place: Place, timestamp: number | undefined): void
  end(place: Place): void
  /** Timestamp of the last settled record. */
  lastTimestamp(place: Place): number | undefined
  /** A batch that was in hand for longer than this without settling anything. */
  hanging(ms: number): string | undefined
  /** Whether no batch came for longer than this. */
  idle(place: Place, ms: number): boolean
  /** Whether any batch is in hand. */
  busy(): boolean
}

/** No partition is assigned yet. */
export function turnsOf(clock: Clock): Turns {
  let turns = new Map<string, Turn>()
  let joined = false
  const of = ({ topic, partition }: Place) => turns.get(`${topic}/${partition}`)
  const mark = (place: Place, change: Partial<Turn>) => Object.assign(of(place) ?? {}, change, { at: clock.now() })

  return {
    assigned(places) {
      joined = true
      const fresh = places.map(({ topic, partition }) => {
        const lastTimestamp = of({ topic, partition })?.lastTimestamp
        return [`${topic}/${partition}`, { topic, partition, at: clock.now(), inHand: false, lastTimestamp }] as const
      })
      turns = new Map(fresh)
    },
    places: () => [...turns.values()],
    joined: () => joined,
    begin: (place) => mark(place, { inHand: true }),
    settled: (place, timestamp) => mark(place, timestamp === undefined ? {} : { lastTimestamp: timestamp }),
    end: (place) => mark(place, { inHand: false }),
    lastTimestamp: (place) => of(place)?.lastTimestamp,
    hanging(ms) {
      for (const [key, { at, inHand }] of turns) {
        const seconds = Math.round((clock.now() - at) / 1_000)
        if (inHand && clock.now() - at > ms) return `${key} has had a batch in hand for ${seconds} s without settling anything`
      }
      return undefined
    },
    busy: () => [...turns.values()].some(({ inHand }) => inHand),
    idle(place, ms) {
      const turn = of(place)
      return turn !== undefined && !turn.inHand && clock.now() - turn.at > ms
    },
  }
}
