// Replays into a compacted topic, of which only the last record of each key stays.
import type { NewRecord } from '@tally/platform/records/record-log'
import { expect } from 'chai'
import { DLQ, letter } from './support/letters.ts'
import type { World } from './support/memory-world.ts'
import { memoryWorld } from './support/memory-world.ts'
import { begin, finish, runOf } from './support/runs.ts'

const KEYS = ['a', 'b', 'c']
const record = (key: string, value: string): NewRecord => ({ key: Buffer.from(key), value: Buffer.from(value), headers: {} })

/** The first record of each key failed; the group keeps no record of what it handled. */
function compactedWorld(): World {
  const letters = KEYS.map((key, n) =>
    letter(n, {
      key: Buffer.from(key),
      value: Buffer.from(`${key}1`),
      eventId: null,
      original: { topic: DLQ.topic, partition: 0, offset: BigInt(n) },
    }),
  )
  const world = memoryWorld(letters)
  world.sent.push(...KEYS.map((key) => record(key, `${key}1`)))
  world.work.replays.isCompacted = async () => true
  Object.assign(world.work.outcomes, { countedAt: async () => null, countedOf: async () => null })
  return world
}

/** What compaction leaves. */
const left = ({ sent }: World) => Object.fromEntries(sent.map(({ key, value }) => [String(key), String(value)]))
const values = ({ sent }: World) => sent.map(({ value }) => String(value))

describe('a replay into a compacted topic', () => {
  it('reaches every group, for it may become the only record of its key', async () => {
    const world = compactedWorld()
    const { id } = await begin(world)
    await finish(world)
    expect(values(world)).to.deep.equal(['a1', 'b1', 'c1', 'a1', 'b1', 'c1'])
    expect(world.sent.some(({ headers }) => 'replay.group' in (headers ?? {}))).to.equal(false)
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ handled: 3 })
  })

  it('is seen to be handled however late it is looked at', async () => {
    const world = compactedWorld()
    world.work.verifyTimeoutMs = 0
    const { id } = await begin(world)
    await finish(world)
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ handled: 3 })
  })

  it('is not made of a letter whose key has a newer record', async () => {
    const world = compactedWorld()
    world.sent.push(record('b', 'b2'))
    const { id } = await begin(world)
    await finish(world)
    expect(left(world)).to.deep.equal({ a: 'a1', b: 'b2', c: 'c1' })
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ handled: 2, superseded: 1 })
  })

  it('leaves what came meanwhile as the last record of its key, however much comes', async () => {
    const world = compactedWorld()
    const { append } = world.work.replays
    const meanwhile = [record('b', 'b2'), record('b', 'b3'), record('b', 'b4')]
    world.work.replays.append = async (topic, records) => {
      const live = meanwhile.shift()
      if (live) await append(topic, [live])
      return append(topic, records)
    }
    await begin(world)
    await finish(world)
    expect(left(world)).to.deep.equal({ a: 'a1', b: 'b4', c: 'c1' })
    expect(values(world).slice(3)).to.deep.equal(['b2', 'a1', 'b1', 'c1', 'b3', 'b2', 'b4', 'b3', 'b4'])
  })

  it('does so, too, when the worker died between the replay and that', async () => {
    const world = compactedWorld()
    const { append } = world.work.replays
    let writes = 0
    world.work.replays.append = async (topic, records) => {
      writes += 1
      if (writes === 1) await append(topic, [record('b', 'b2')])
      if (writes === 2) throw new Error('killed')
      return append(topic, records)
    }
    const { id } = await begin(world)
    expect((await finish(world).catch((error) => error)).message).to.equal('killed')
    expect(left(world)).to.include({ b: 'b1' })
    await finish(world)
    expect(left(world)).to.deep.equal({ a: 'a1', b: 'b2', c: 'c1' })
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ handled: 3 })
  })
})
