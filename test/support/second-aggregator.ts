// One more aggregator on the same file and topics, beside the one of the stack.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '../../ops/test/support/free-port.ts'
import { environmentOf } from './orders.ts'

const root = new URL('../..', import.meta.url).pathname

export type SecondAggregator = {
  ops: string
  /** What /readyz says. */
  says(): Promise<{ status: number; text: string }>
  end(signal: NodeJS.Signals): Promise<number | null>
}

export async function secondAggregator(): Promise<SecondAggregator> {
  const environment = await environmentOf('aggregator')
  const ops = await freePort()
  const listens = { LISTEN: `127.0.0.1:${await freePort()}`, OPS_LISTEN: `127.0.0.1:${ops}` }
  const child = spawn('node', ['aggregator/main.ts'], { cwd: root, env: { ...environment, ...listens }, stdio: 'ignore' })
  const exited = once(child, 'exit') as Promise<[number | null]>
  const address = `http://127.0.0.1:${ops}`
  return {
    ops: address,
    async says() {
      const answer = await fetch(`${address}/readyz`, { signal: AbortSignal.timeout(3_000) })
      return { status: answer.status, text: await answer.text() }
    },
    async end(signal) {
      child.kill(signal)
      const [code] = await exited
      return code
    },
  }
}
