// A service to run: `fixture.ts MODE HOST:PORT`; further words only mark the process.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'

const [mode, address = '', ...marks] = process.argv.slice(2)
const [host, port] = address.split(':')

function serve(status: number): void {
  const server = createServer((_req, res) =>
    res.writeHead(status).end(JSON.stringify({ checks: { warmth: { ok: false, why: 'still cold' } } })),
  )
  server.listen(Number(port), host)
  process.on('SIGTERM', () => process.exit(0))
}

/** Answers `after` once it got SIGUSR2. */
function changing(before: number, after: number): void {
  let status = before
  createServer((_req, res) => res.writeHead(status).end()).listen(Number(port), host)
  process.on('SIGUSR2', () => {
    status = after
  })
}

const modes: Record<string, () => void> = {
  serve: () => serve(200),
  cold: () => serve(503),
  stubborn() {
    serve(200)
    process.on('SIGINT', () => {})
    process.removeAllListeners('SIGTERM').on('SIGTERM', () => {})
  },
  parent() {
    spawn(process.execPath, [import.meta.filename, 'sleep', '-', ...marks], { stdio: 'ignore' })
    serve(200)
  },
  needs() {
    if (!existsSync(marks[1] ?? '')) process.exit(1)
    serve(200)
  },
  fading: () => changing(200, 503),
  slow: () => changing(503, 200),
  sleep: () => void setInterval(() => {}, 1_000),
  job: () => process.stdout.write('the job is done\n'),
  crash() {
    process.stdout.write('these were my last words\n')
    process.exit(3)
  },
}
modes[mode ?? '']?.()
