import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { avroDecoder } from '@tally/platform/avro/decode'
import { avroType } from '@tally/platform/avro/framing'
import { confluentRegistry } from '@tally/platform/avro/registry'
import { kafkaLog } from '@tally/platform/kafka/log'
import { createLog } from '@tally/platform/process/log'
import { readRanges } from '@tally/platform/records/read-ranges'
import { schemaOf } from '@tally/schemas/contract/files'
import type { OrderForecast } from '@tally/schemas/contract/order-forecast'
import { ORDER_FORECASTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { superstoreTotals } from '../../ops/demo/superstore.ts'
import { childEnvironment } from '../support/config.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const root = new URL('../..', import.meta.url).pathname
/** What this very run does already. */
const RUNS_US = 'make test\n'

type Block = { language: string; text: string }

function blocks(): Block[] {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  return [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({ language, text }))
}

/** The same commands against the stack under test: its ports are moved. */
const moved = (text: string) => text.replace(/127\.0\.0\.1:(\d+)/g, (_, port) => `127.0.0.1:${Number(port) + stack.portOffset}`)

/** Runs the blocks one after the other in one shell, as a reader would; what each printed. */
function runInOneShell(commands: string[]): Promise<{ code: number | null; outputs: string[] }> {
  const marker = '=== next block ==='
  const script = commands.map((text) => `${text}\necho '${marker}'`).join('\n')
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd: root, env: childEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    output += data
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, outputs: output.split(`${marker}\n`) })))
}

describe('README', () => {
  it('holds true in every command block', async function () {
    this.timeout(300_000)
    const commands = blocks().filter(({ language, text }) => language === 'sh' && text !== RUNS_US)
    expect(commands.length).to.be.greaterThan(4)
    const { code, outputs } = await runInOneShell(commands.map(({ text }) => moved(text)))
    expect(code, outputs.join('\n')).to.equal(0)
    const outputOf = (start: string) => outputs[commands.findIndex(({ text }) => text.startsWith(start))] ?? ''

    expect(outputOf('make demo')).to.include('Every total equals the one computed from the file by SQL, to the cent.')
    const shown = JSON.parse(blocks().find(({ language }) => language === 'json')?.text ?? '')
    const answered = JSON.parse(outputOf('KEY=').slice(outputOf('KEY=').indexOf('{')))
    expect(Object.keys(answered)).to.deep.equal(Object.keys(shown))
    expect({ ...answered, orderId: 0, placedAt: 0, acceptedAt: 0 }).to.deep.equal({ ...shown, orderId: 0, placedAt: 0, acceptedAt: 0 })
    expect(JSON.parse(outputOf('curl -sS')).categories).to.be.an('array')
    expect(outputOf('make poison')).to.include('unknown-schema')
    expect(outputOf('make mend')).to.match(/1 counted/)
  })

  it('leaves every forecast of the demo in order-forecasts', async function () {
    this.timeout(330_000)
    const recordLog = kafkaLog({ brokers: [stack.kafka], clientId: 'forecasts-test', log: createLog('test', 'silent') })
    const decode = avroDecoder(confluentRegistry(stack.schemaRegistryUrl), avroType<OrderForecast>(schemaOf(ORDER_FORECASTS)))
    async function published(): Promise<Map<string, OrderForecast>> {
      const ranges = [...(await recordLog.bounds(ORDER_FORECASTS))].map(([partition, { logStart, highWatermark }]) => {
        return { partition, from: logStart, next: highWatermark }
      })
      // Of a compacted topic the last value of a key is what stands; a tombstone takes it away.
      const last = new Map<string, Buffer>()
      for await (const { key, value } of readRanges(recordLog, ORDER_FORECASTS, ranges)) {
        if (value === null) last.delete(String(key))
        else last.set(String(key), value)
      }
      return new Map(await Promise.all([...last].map(async ([key, value]) => [key, await decode(value)] as const)))
    }
    try {
      const totals = await superstoreTotals()
      const forecasts = await until(
        async () => {
          const found = await published()
          return totals.every(({ category }) => found.has(`${category}|USD|day|revenue`)) && found
        },
        { what: 'a forecast of every category', timeoutMs: 300_000, everyMs: 1_000 },
      )
      for (const { points } of forecasts.values()) {
        for (const { lower95, lower80, mean, upper80, upper95 } of points) {
          expect([lower95, lower80, mean, upper80, upper95]).to.deep.equal(
            [lower95, lower80, mean, upper80, upper95].toSorted((a, b) => a - b),
          )
        }
      }
    } finally {
      await recordLog.close()
    }
  })
})
