// Consumer groups of the log in memory: eager rebalances, one batch at a time per partition.
import { type BufferGate, bufferGate } from '#records/buffer-gate'
import type { LogConsumer, Subscription } from '#records/record-log'
import { lastStableOf, type MemoryPartition } from './memory-partition.ts'

type Place = { topic: string; partition: number }
type Assigned = Place & { position: bigint; inHand: boolean; sought: boolean }

type Member = {
  subscription: Subscription
  assigned: Map<string, Assigned>
  /** Kept through rebalances, as KafkaJS does. */
  paused: Set<string>
  inHand: Set<Promise<void>>
  gate: BufferGate
  stopped: boolean
  end(fault?: unknown): void
}

type Group = { members: Set<Member>; committed: Map<string, bigint>; generation: number }

type Options = { partitionsOf(topic: string): MemoryPartition[]; maxBatch: number; isSilent(): boolean }

export function memoryGroups({ partitionsOf, maxBatch, isSilent }: Options) {
  const groups = new Map<string, Group>()
  const keyOf = ({ topic, partition }: Place) => `${topic}/${partition}`

  function groupOf(name: string): Group {
    const group = groups.get(name) ?? { members: new Set(), committed: new Map(), generation: 0 }
    groups.set(name, group)
    return group
  }

  async function rebalance(name: string): Promise<void> {
    const group = groupOf(name)
    group.generation += 1
    const generation = group.generation
    await Promise.all([...group.members].flatMap(({ inHand }) => [...inHand]))
    if (generation !== group.generation) return
    const members = [...group.members]
    for (const member of members) member.assigned.clear()
    const topics = [...new Set(members.flatMap(({ subscription }) => subscription.topics))]
    const places = topics.flatMap((topic) => partitionsOf(topic).map((_, partition) => ({ topic, partition })))
    for (const [index, place] of places.entries()) {
      const takers = members.filter(({ subscription }) => subscription.topics.includes(place.topic))
      const taker = takers[index % takers.length] as Member
      taker.assigned.set(keyOf(place), { ...place, position: 0n, inHand: false, sought: false })
    }
    for (const member of members) assign(group, member)
    for (const member of members) pump(group, member)
  }

  function assign(group: Group, { subscription, assigned, end }: Member): void {
    try {
      subscription.onAssigned?.([...assigned.values()].map(({ topic, partition }) => ({ topic, partition })))
      for (const place of assigned.values()) {
        const { logStart } = partitionsOf(place.topic)[place.partition] as MemoryPartition
        place.position = subscription.startAt(place.topic, place.partition) ?? group.committed.get(keyOf(place)) ?? logStart
      }
    } catch (error) {
      end(error)
    }
  }

  /** Hands out what lies at the positions, from the next turn of the event loop on. */
  function pump(group: Group, member: Member): void {
    setImmediate(() => {
      if (member.stopped || isSilent()) return
      for (const place of member.assigned.values()) {
        if (member.gate.isShut() || member.paused.has(keyOf(place)) || place.inHand) continue
        const kept = partitionsOf(place.topic)[place.partition] as MemoryPartition
        if (place.position >= lastStableOf(kept)) continue
        const handing = hand(group, member, place, kept).finally(() => {
          member.inHand.delete(handing)
          pump(group, member)
        })
        member.inHand.add(handing)
      }
    })
  }

  async function hand(group: Group, member: Member, place: Assigned, kept: MemoryPartition): Promise<void> {
    const { topic, partition, position } = place
    const lastStable = lastStableOf(kept)
    const readable = kept.records.filter(({ offset }) => offset >= position && offset < lastStable)
    const records = readable.slice(0, maxBatch)
    const next = records.length < readable.length ? (records.at(-1)?.offset ?? 0n) + 1n : lastStable
    const born = group.generation
    const owned = () => born === group.generation && !place.sought
    member.gate.took(records.length)
    place.inHand = true
    place.sought = false
    try {
      const from = records[0]?.offset ?? position
      const batch = { topic, partition, records, from, next, highWatermark: kept.end }
      await member.subscription.onBatch({ ...batch, heartbeat: async () => {}, owned })
      if (owned()) place.position = next
    } catch (error) {
      member.end(error)
    } finally {
      member.gate.done(records.length)
      place.inHand = false
      place.sought = false
    }
  }

  async function join(subscription: Subscription): Promise<LogConsumer> {
    const group = groupOf(subscription.group)
    const ended = Promise.withResolvers<void>()
    ended.promise.catch(() => {})
    const member: Member = {
      subscription,
      assigned: new Map(),
      paused: new Set(),
      inHand: new Set(),
      gate: bufferGate(subscription.maxBuffered ?? Number.POSITIVE_INFINITY, () => pump(group, member)),
      stopped: false,
      end(fault) {
        member.stopped = true
        if (fault === undefined) ended.resolve()
        else ended.reject(fault)
        if (group.members.delete(member)) void rebalance(subscription.group)
      },
    }
    group.members.add(member)
    await rebalance(subscription.group)

    const placed = (topic: string, partition: number) => member.assigned.get(keyOf({ topic, partition }))
    return {
      ended: ended.promise,
      async commit(topic, partition, nextOffset) {
        if (placed(topic, partition)) group.committed.set(keyOf({ topic, partition }), nextOffset)
      },
      seek(topic, partition, nextOffset) {
        const place = placed(topic, partition)
        if (place) Object.assign(place, { position: nextOffset, sought: place.inHand })
        pump(group, member)
      },
      pause(topic, partition) {
        member.paused.add(keyOf({ topic, partition }))
      },
      resume(topic, partition) {
        member.paused.delete(keyOf({ topic, partition }))
        pump(group, member)
      },
      async stop() {
        member.stopped = true
        await Promise.all(member.inHand)
        member.end()
      },
    }
  }

  return {
    join,
    rebalance,
    wake() {
      for (const group of groups.values()) for (const member of group.members) pump(group, member)
    },
    committed: (group: string, topic: string, partition: number) => groups.get(group)?.committed.get(keyOf({ topic, partition })),
  }
}
