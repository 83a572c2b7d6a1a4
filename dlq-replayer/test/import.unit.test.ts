// Letters out to a file and back: the same bytes, each once.

import { expect } from 'chai'
import fc from 'fast-check'
import { letterOf } from '../adapters/kafka-letters.ts'
import { queueOf } from '../ledger/ledger.ts'
import { settledAs } from '../ledger/outcome.ts'
import { recordDigest } from '../letters/letter-digest.ts'
import { letterLine, parseLetterLine } from '../letters/letter-line.ts'
import { DLQ, letter } from './support/letters.ts'
import { memoryCommand } from './support/memory-command.ts'
import type { World } from './support/memory-world.ts'
import { memoryWorld } from './support/memory-world.ts'

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))
const headers = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 8 }).filter((name) => name !== '__proto__'),
  fc.option(bytes),
  { noNullPrototype: true },
)

describe('a letter as a line', () => {
  it('comes back with the same key, value and headers, repeated ones too', () => {
    fc.assert(
      fc.property(
        fc.option(bytes),
        fc.option(bytes),
        headers,
        fc.array(fc.option(bytes), { minLength: 2, maxLength: 4 }),
        (key, value, own, repeated) => {
          const all = { ...own, again: repeated.at(-1) ?? null }
          const record = {
            topic: DLQ.name,
            partition: 0,
            offset: 7n,
            timestamp: 0,
            key,
            value,
            headers: all,
            repeatedHeaders: { again: repeated },
          }
          const { dlq, record: back } = parseLetterLine(letterLine(DLQ.name, letterOf(DLQ, record)))
          expect(dlq).to.equal(DLQ.name)
          expect(back).to.deep.equal({ key, value, headers: all, repeatedHeaders: { again: repeated } })
          expect(recordDigest(back)).to.equal(recordDigest(record))
        },
      ),
    )
  })
})

describe('an import', () => {
  const linesOf = (world: World) => world.letters.map((each) => letterLine(DLQ.name, each))
  /** Another cluster with the letters lost but for some, the first of them discarded. */
  async function other(letters: number[]): Promise<World> {
    const world = memoryWorld(
      letters.map((n, offset) => ({ ...letter(n), offset: BigInt(offset), record: { ...letter(n).record, offset: BigInt(offset) } })),
    )
    const settled = [settledAs({ partition: 0, offset: 0n }, { outcome: 'discarded' })]
    if (letters.length > 0) await world.audit.append([{ kind: 'settled', run: 'r', dlq: DLQ.name, letters: settled, at: 0 }])
    return world
  }
  const reading = (lines: string[]) => ({
    tools: {
      async *readLines() {
        yield* lines
      },
    },
  })
  const exported = linesOf(memoryWorld([0, 1, 2, 3, 4].map((n) => letter(n))))

  it('says what lies there and what does not, and changes nothing', async () => {
    const world = await other([0, 1])
    const { out, exitCode } = await memoryCommand(world, { form: 'plan', importFile: 'l.ndjson', json: true }, reading(exported))
    expect(exitCode).to.equal(0)
    expect(JSON.parse(out[0] ?? '').import).to.deep.equal([{ dlq: DLQ.name, letters: 5, missing: 3, settled: 1 }])
    expect([world.letters.length, world.entries.length]).to.deep.equal([2, 1])
  })

  it('puts back what is not there, and its run leaves out what was settled; a second time puts nothing', async () => {
    const world = await other([0, 1])
    const discard = () => memoryCommand(world, { form: 'discard', importFile: 'l.ndjson', why: 'x', yes: true }, reading(exported))
    expect((await discard()).exitCode).to.equal(0)
    expect(world.letters.map(({ record }) => recordDigest(record)).sort()).to.deep.equal(
      [0, 1, 2, 3, 4].map((n) => recordDigest(letter(n).record)).sort(),
    )
    const started = world.entries.find((entry) => entry.kind === 'started')
    expect(started).to.deep.include({ letters: 4, filter: { IMPORT: 'l.ndjson' } })
    expect(queueOf(await world.audit.refresh(), DLQ.name).counts).to.deep.equal({ discarded: 5 })
    expect((await discard()).exitCode).to.equal(3)
    expect(world.letters.length).to.equal(5)
  })

  it('puts a letter back once that stands twice in the file', async () => {
    const world = await other([])
    const twice = reading([...exported, exported[3] ?? '', exported[3] ?? ''])
    const { exitCode } = await memoryCommand(world, { form: 'discard', importFile: 'l.ndjson', why: 'x', yes: true }, twice)
    expect(exitCode).to.equal(0)
    expect(world.letters.length).to.equal(5)
  })

  it('of a file with a line that is no letter is refused, naming the line, with nothing changed', async () => {
    for (const [line, why] of [
      ['{', 'Line 3 is not JSON'],
      [exported[0]?.replace('"value":"', '"value":"*'), 'Line 3 value is not base64'],
      [exported[0]?.replace(DLQ.name, 'else-dlq'), 'Line 3 is of else-dlq'],
      ['{"dlq":"d"}', 'Line 3 has no headers'],
      [exported[0]?.replace('"headers":{', '"headers":{"dlq.offset":"YWJj",'), 'Line 3 headers.dlq.offset is not a whole number'],
    ] as const) {
      const world = await other([])
      const lines = [exported[0] ?? '', exported[1] ?? '', line ?? '']
      const fault = await memoryCommand(world, { form: 'go', importFile: 'l.ndjson', why: 'x', yes: true }, reading(lines)).catch(String)
      expect(fault).to.include(why).and.include('Nothing was changed')
      expect([world.letters.length, world.entries.length]).to.deep.equal([0, 0])
    }
  })
})
