// ingest-api's own commands as child processes.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'

const FOLDER = new URL('../', import.meta.url).pathname

export type Child = {
  process: ChildProcess
  stdout(): string
  stderr(): string
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | string | null>
}

/** Runs a file of ingest-api with nothing but this environment. */
export function runChild(file: string, argv: string[], env: Record<string, string>): Child {
  const child = spawn(process.execPath, [`${FOLDER}${file}`, ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<number | string | null>((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)))
  return { process: child, stdout: () => stdout, stderr: () => stderr, ended }
}

/** Starts the service on free ports and waits until it takes orders. */
export async function startService(
  databaseUrl: string,
  extra: Record<string, string> = {},
): Promise<Child & { url: string; opsUrl: string }> {
  const child = runChild('main.ts', [], {
    LISTEN: '127.0.0.1:0',
    OPS_LISTEN: '127.0.0.1:0',
    DATABASE_URL: databaseUrl,
    SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl,
    RATE_LIMIT_PER_MINUTE: '1000000',
    ...extra,
  })
  try {
    const line = await until(
      () =>
        child
          .stdout()
          .split('\n')
          .find((text) => text.includes('taking orders')),
      { what: 'ingest-api takes orders' },
    )
    const { port, opsPort } = JSON.parse(line)
    const opsUrl = `http://127.0.0.1:${opsPort}`
    await until(async () => (await fetch(`${opsUrl}/readyz`)).ok, { what: 'ingest-api is ready' })
    return { ...child, url: `http://127.0.0.1:${port}`, opsUrl }
  } catch (error) {
    child.process.kill('SIGKILL')
    throw new Error(`ingest-api did not start: ${child.stdout()}${child.stderr()}`, { cause: error })
  }
}
