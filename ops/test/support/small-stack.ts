// A stack of a few small services, described by a compose file of its own.
import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { childEnvironment } from '../../../test/support/config.ts'
import { freePort } from './free-port.ts'

const root = new URL('../../..', import.meta.url).pathname

export type Ran = { code: number; stdout: string; stderr: string }

type UnitStatus = { name: string; state: string; pid?: number; restarts: number; why?: string }

/** A service that answers on a free port; `extra` are further keys of compose.yaml. */
export async function service(mode: string, extra: Record<string, unknown> = {}) {
  const port = await freePort()
  return {
    port,
    image: 'tally:local',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Compose's own substitution
    command: ['node', 'ops/test/support/fixture.ts', mode, '0.0.0.0:80', '${STACK}'],
    environment: { OPS_LISTEN: '0.0.0.0:80' },
    ports: [`127.0.0.1:${port}:80`],
    restart: 'unless-stopped',
    stop_grace_period: '2s',
    healthcheck: { start_period: '30s' },
    ...extra,
  }
}

export type SmallStack = ReturnType<typeof smallStack>

export function smallStack(services: Record<string, Record<string, unknown>>) {
  const name = `t-${randomUUID().slice(0, 8)}`
  const folder = mkdtempSync(join(tmpdir(), 'small-stack-'))
  const described = Object.entries(services).map(([key, { port: _, ...rest }]) => [key, rest])
  writeFileSync(join(folder, 'compose.yaml'), stringify({ services: Object.fromEntries(described) }))
  const env = childEnvironment({ STACK: name, PORT_OFFSET: '0', COMPOSE_FILE: join(folder, 'compose.yaml') })
  const words = (argv: string[]) => [join(root, 'ops/stack/main.ts'), ...argv]

  const runWith = (extra: Record<string, string>, ...argv: string[]): Promise<Ran> =>
    new Promise((resolve) => {
      execFile(process.execPath, words(argv), { cwd: root, env: { ...env, ...extra } }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      )
    })
  const run = (...argv: string[]) => runWith({}, ...argv)

  return {
    name,
    dir: join(root, '.stack', name),
    run,
    /** With further variables, as compose.yaml may read them. */
    runWith,
    /** Starts a command and leaves it running. */
    begin: (...argv: string[]) => spawn(process.execPath, words(argv), { cwd: root, env, stdio: 'ignore' }),
    /** The same; `said` is what its standard error holds. */
    beginSaying(...argv: string[]) {
      const begun = spawn(process.execPath, words(argv), { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] })
      let text = ''
      begun.stderr.on('data', (chunk) => {
        text += chunk
      })
      return { process: begun, said: () => text }
    },
    async status(service: string): Promise<UnitStatus | undefined> {
      const { stdout } = await run('status', '--json')
      return (JSON.parse(stdout) as { services: UnitStatus[] }).services.find((unit) => unit.name === service)
    },
    /** Every process of it, the supervisor included. */
    processes: () => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && belongsTo(pid, name)),
    async remove(): Promise<void> {
      await run('clean')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function belongsTo(pid: string, name: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return words.includes(name) || (words.some((word) => word.endsWith('supervisor.ts')) && environOf(pid).includes(`STACK=${name}`))
  } catch {
    return false
  }
}

const environOf = (pid: string) => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
