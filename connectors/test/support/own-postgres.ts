// A PostgreSQL of a test's own, with what this stack runs on: started within a second, killed, copied, gone afterwards.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { settings } from '../../../ops/stack/config.ts'
import { giveToNobody, nobody } from '../../../ops/stack/nobody.ts'
import { tools } from '../../../ops/stack/tools.ts'
import { freePort } from '../../../ops/test/support/free-port.ts'
import { childEnvironment } from '../../../test/support/config.ts'
import { until } from '../../../test/support/until.ts'

const bin = () => join(tools(settings(childEnvironment())).postgres(), 'bin')
const env = { LC_ALL: 'C.UTF-8' }

export type OwnPostgres = Awaited<ReturnType<typeof runIn>>

/** An empty cluster, running; WAL in segments of 1 MiB, so that it comes and goes quickly. */
export async function startPostgres(parameters: Record<string, string>) {
  const folder = emptyFolder()
  const data = join(folder, 'data')
  const words = ['-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--no-locale', '--no-sync', '--wal-segsize=1']
  execFileSync(join(bin(), 'initdb'), words, { ...nobody(), env, cwd: folder, stdio: 'pipe' })
  return runIn(folder, parameters)
}

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'own-postgres-'))
  giveToNobody(folder)
  return folder
}

async function runIn(folder: string, parameters: Record<string, string>) {
  const data = join(folder, 'data')
  const port = await freePort()
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    dynamic_shared_memory_type: 'mmap',
    fsync: 'off',
    wal_level: 'logical',
    min_wal_size: '2MB',
    max_wal_size: '4MB',
    ...parameters,
    port: String(port),
  }
  const address = `127.0.0.1:${port}`
  let server: ChildProcess | undefined

  async function start(): Promise<void> {
    const words = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    server = spawn(join(bin(), 'postgres'), ['-D', data, ...words], { ...nobody(), env, cwd: folder, stdio: 'ignore' })
    await until(() => query('select 1'), { what: 'PostgreSQL answers' })
  }

  async function query(sql: string, values: unknown[] = [], database = 'postgres'): Promise<pg.QueryResult> {
    const client = new pg.Client({ connectionString: `postgres://postgres@${address}/${database}` })
    client.on('error', () => {})
    await client.connect()
    return client.query(sql, values).finally(() => client.end())
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const victim = server
    if (victim === undefined) return
    server = undefined
    const gone = once(victim, 'exit')
    victim.kill(signal)
    await gone
  }

  await start()
  return {
    data,
    parameters,
    port,
    /** host:port */
    address,
    start,
    query,
    stop: () => end('SIGINT'),
    /** The postmaster alone, as the kernel would; its children notice and leave. */
    kill: () => end('SIGKILL'),
    async remove(): Promise<void> {
      await end('SIGINT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A standby of a stopped server, both running. Slots are not copied: a standby synchronises them from its primary. */
export async function startStandby(primary: OwnPostgres, name: string): Promise<OwnPostgres> {
  const folder = emptyFolder()
  const data = join(folder, 'data')
  cpSync(primary.data, data, { recursive: true, preserveTimestamps: true })
  for (const slot of readdirSync(join(data, 'pg_replslot'))) rmSync(join(data, 'pg_replslot', slot), { recursive: true })
  writeFileSync(join(data, 'standby.signal'), '')
  chmodSync(data, 0o700)
  giveAllToNobody(data)
  await primary.start()
  return runIn(folder, {
    ...primary.parameters,
    primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres dbname=postgres application_name=${name}`,
    primary_slot_name: name,
    hot_standby_feedback: 'on',
    sync_replication_slots: 'on',
  })
}

function giveAllToNobody(folder: string): void {
  giveToNobody(folder, ...readdirSync(folder, { recursive: true }).map((path) => join(folder, String(path))))
}
