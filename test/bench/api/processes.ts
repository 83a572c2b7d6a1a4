// The processes of the benchmark: the API of the stack, the one without a database, and the load generator.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { stackCommand } from '../../support/orders.ts'
import type { Load, Measured } from './load.ts'

const execute = promisify(execFile)
const file = (name: string) => new URL(name, import.meta.url).pathname

/** Makes the load in a process of its own. */
export async function runLoad(load: Load): Promise<Measured[]> {
  const { stdout } = await execute('node', [file('load.ts'), JSON.stringify(load)], { maxBuffer: 1 << 28 })
  return JSON.parse(stdout)
}

/** Starts the API without a database; the returned function ends it. */
export async function startMemoryApi(port: number, apiKey: string): Promise<() => Promise<void>> {
  const child = spawn('node', [file('memory-api.ts'), String(port), apiKey], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), exited])
  if (child.exitCode !== null) throw new Error('the API without a database did not start')
  return async () => {
    child.kill()
    await exited
  }
}

/** Process ids of services of the stack. */
export async function pidsOf(...names: string[]): Promise<number[]> {
  const { services } = JSON.parse(await stackCommand(['status', '--json'])) as { services: { name: string; pid?: number }[] }
  return names.map((name) => {
    const pid = services.find((service) => service.name === name)?.pid
    if (pid === undefined) throw new Error(`${name} is not running`)
    return pid
  })
}

/** Adds a merchant whose limit is far above any load; its key. */
export async function addBenchMerchant(): Promise<string> {
  const command = ['exec', 'ingest-api', '--', 'node', 'ingest-api/add-merchant.ts', '--name', 'bench', '--rate', '100000000']
  return (await stackCommand(command)).trim().split('\n').at(-1) ?? ''
}
