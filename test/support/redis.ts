// A Redis of the tests' own, where the machine has one.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { until } from './until.ts'

/** Between the ports of the tests' own stack and those of freePort; the lanes of tests that run side by side differ. */
const PORT = 29_500 + (process.pid % 500)

/** Undefined where redis-server is not installed. */
export function redisServer(): { url: string; start(): Promise<void>; stop(signal?: NodeJS.Signals): Promise<void> } | undefined {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined
  let server: ChildProcess | undefined
  return {
    url: `redis://127.0.0.1:${PORT}`,
    async start() {
      server = spawn('redis-server', ['--port', String(PORT), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
        stdio: 'ignore',
      })
      await until(answers, { what: 'Redis answers', timeoutMs: 10_000 })
    },
    async stop(signal) {
      if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
      const ended = once(server, 'exit')
      server.kill(signal)
      await ended
    },
  }
}

async function answers(): Promise<boolean> {
  const socket = createConnection({ port: PORT, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return true
  } finally {
    socket.destroy()
  }
}
