import { expect } from 'chai'
import fc from 'fast-check'
import { deadLetterOf, noNumberIn, readDeadLetter } from '../records/dead-letter.ts'
import type { LogRecord } from '../records/record-log.ts'

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))
const headers = fc.dictionary(
  fc.string({ minLength: 1 }).filter((name) => !name.startsWith('dlq.')),
  fc.option(bytes),
)
const record: fc.Arbitrary<LogRecord> = fc.record({
  topic: fc.constantFrom('readings', 'other'),
  partition: fc.integer({ min: 0, max: 99 }),
  offset: fc.bigInt({ min: 0n, max: 2n ** 62n }),
  timestamp: fc.constant(0),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers,
})
const failure = { reason: 'undecodable', error: new TypeError('no'), attempts: 3, group: 'counter', failedAt: 1_700_000_000_123 }
const lying = (letter: ReturnType<typeof deadLetterOf>, offset = 0n): LogRecord => ({
  topic: 'readings-counter-dlq',
  partition: 0,
  offset,
  timestamp: 0,
  ...letter,
  headers: letter.headers ?? {},
})

describe('a dead letter', () => {
  it('reads back with the original key, value and headers, and where and why it failed', () => {
    fc.assert(
      fc.property(record, (original) => {
        const { key, value, headers, topic, partition, offset } = original
        expect(readDeadLetter(lying(deadLetterOf(original, failure)))).to.deep.include({
          ...{ key, value, headers: { ...headers }, topic, partition, offset },
          ...{ group: 'counter', reason: 'undecodable', exception: 'TypeError', message: 'no', attempts: 3 },
          ...{ failedAt: 1_700_000_000_123, replays: 0 },
        })
      }),
    )
  })

  it('keeps a header of any name, also one that objects have of themselves', () => {
    const names = ['__proto__', 'constructor', 'toString']
    const headers = Object.fromEntries(names.map((name) => [name, Buffer.from(name)]))
    const original = { ...lying({ key: null, value: null, headers }), topic: 'readings' }
    const read = readDeadLetter(lying(deadLetterOf(original, failure)))
    expect(Object.entries(read?.headers ?? {})).to.deep.equal(Object.entries(headers))
  })

  it('of a replayed record tells how often it was replayed, and carries only its newest failure', () => {
    const original = { ...lying({ key: null, value: null, headers: { id: Buffer.from('7') } }), topic: 'readings' }
    const first = deadLetterOf(original, failure)
    const replayed = { ...original, headers: { ...first.headers, 'dlq.replays': Buffer.from('2') } }
    const second = readDeadLetter(lying(deadLetterOf(replayed, { ...failure, reason: 'too-old' })))
    expect(second).to.include({ reason: 'too-old', replays: 2 })
    expect(second?.headers).to.deep.equal({ id: Buffer.from('7') })
  })

  it('keeps the stack trace and the message within bounds', () => {
    const error = new Error('x'.repeat(100_000))
    error.stack = 'y'.repeat(100_000)
    const { headers = {} } = deadLetterOf(lying({ key: null, value: null }), { ...failure, error })
    const size = Object.values(headers).reduce((sum, header) => sum + (header?.length ?? 0), 0)
    expect(size).to.be.below(10_000)
  })

  it('quotes what was thrown although it is no error', () => {
    const letter = deadLetterOf(lying({ key: null, value: null }), { ...failure, error: 'just text' })
    expect(readDeadLetter(lying(letter))).to.include({ exception: 'string', message: 'just text' })
  })

  it('is not read where a number is none', () => {
    const whole = deadLetterOf(lying({ key: null, value: null }), failure)
    for (const name of ['dlq.partition', 'dlq.offset', 'dlq.attempts', 'dlq.replays']) {
      for (const text of ['abc', '', '-1', '1.5', ' 7', '1'.repeat(40)]) {
        const record = lying({ ...whole, headers: { ...whole.headers, [name]: Buffer.from(text) } })
        expect(readDeadLetter(record), `${name}=${text}`).to.equal(undefined)
        expect(noNumberIn(record)).to.equal(name)
      }
    }
    expect(readDeadLetter(lying({ ...whole, headers: { ...whole.headers, 'dlq.offset': null } }))).to.equal(undefined)
  })

  it('of a record that says anything of replays is one all the same', () => {
    const anything = { ...lying({ key: null, value: null }), headers: { 'dlq.replays': Buffer.from('abc') } }
    expect(readDeadLetter(lying(deadLetterOf(anything, failure)))).to.include({ reason: 'undecodable', replays: 0 })
  })

  it('is not read where there is none', () => {
    expect(readDeadLetter(lying({ key: null, value: null, headers: { 'dlq.topic': Buffer.from('readings') } }))).to.equal(undefined)
  })
})
