import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { readDeadLetter } from '../records/dead-letter.ts'
import { readRanges } from '../records/read-ranges.ts'
import { testKafka } from './support/kafka.ts'

const CONSUMER = new URL('./support/crashing-consumer.ts', import.meta.url).pathname

describe('a record that ends the process', () => {
  const kafka = testKafka('crashed')
  const { recordLog } = kafka
  let directory = ''
  let topic = ''
  let group = ''
  let running: ChildProcess | undefined
  let starts = 0

  before(() => kafka.connect())
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tally-crashed-'))
    topic = await kafka.newTopic(2)
    group = kafka.uniqueName()
    await kafka.createTopic(`${topic}-${group}-dlq`)
    starts = 0
  })
  afterEach(async () => {
    if (running) await stop()
    rmSync(directory, { recursive: true })
  })
  after(() => kafka.close())

  const file = () => join(directory, 'handled')
  const handled = () => {
    if (!existsSync(file())) return []
    const lines = readFileSync(file(), 'utf8').trim().split('\n')
    return lines.flatMap((line) => JSON.parse(line.slice(line.indexOf('[')) || '[]') as string[])
  }

  /** Starts the consumer again whenever it dies. */
  function supervise(): void {
    starts += 1
    const child = spawn(process.execPath, ['--max-old-space-size=64', CONSUMER, stack.kafka, topic, group, file()], { stdio: 'ignore' })
    running = child
    child.once('exit', () => running === child && supervise())
  }
  async function stop(): Promise<unknown> {
    const child = running
    running = undefined
    const exited = child && once(child, 'exit')
    child?.kill('SIGTERM')
    return (await exited)?.[0]
  }
  const letters = async () => {
    const found = []
    for await (const record of readRanges(recordLog, `${topic}-${group}-dlq`, [{ partition: 0, from: 0n, next: 100n }]))
      found.push(readDeadLetter(record))
    return found
  }

  async function isSetApart(poison: string, kept: number): Promise<void> {
    const texts = Array.from({ length: kept }, (_, n) => `r${n}`)
    const at = Math.floor(kept / 3)
    const values = [...texts.slice(0, at), poison, ...texts.slice(at)]
    await recordLog.append(
      topic,
      values.map((value) => ({ key: null, value: Buffer.from(value), headers: { id: Buffer.from('7') }, partition: 0 })),
    )
    await recordLog.append(topic, [{ key: null, value: Buffer.from('beside'), partition: 1 }])
    supervise()
    await until(() => handled().length === kept + 1, { what: 'all others are handled', timeoutMs: 60_000 })
    expect(await stop()).to.equal(0)
    expect(handled().sort()).to.deep.equal([...texts, 'beside'].sort())
    const [letter, ...more] = await letters()
    expect(more).to.deep.equal([])
    expect(letter).to.deep.include({ topic, partition: 0, offset: BigInt(at), group, reason: 'crashed', attempts: 2 })
    expect(letter?.value?.toString()).to.equal(poison)
    expect(existsSync(`${file()}.in-hand`)).to.equal(false)
  }

  it('is dead-lettered as crashed when the process has died twice over it alone, and all others are handled once', async () => {
    await isSetApart('abort', 12)
    expect(starts).to.be.at.most(6)
  })

  it('is found also when it takes all memory', async () => {
    await isSetApart('hoard', 12)
  })
})
