// Who has a port of this machine?
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'

/** Can we listen there? */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** `java (process 123)`, as far as we are allowed to see. */
export function holderOf(port: number): string {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port))
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (descriptors(pid).some((link) => inodes.some((inode) => link === `socket:[${inode}]`))) {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()
      return `process ${pid} (${words.slice(0, 80)})`
    }
  }
  return 'a process of another user'
}

function listeningInodes(table: string, port: number): string[] {
  const LISTEN = '0A'
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  try {
    const rows = readFileSync(table, 'utf8').trim().split('\n').slice(1)
    const fields = rows.map((row) => row.trim().split(/\s+/))
    return fields.filter(([, local, , state]) => local?.endsWith(suffix) && state === LISTEN).map((row) => row[9] ?? '')
  } catch {
    return []
  }
}

function descriptors(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch {
        return ''
      }
    })
  } catch {
    return []
  }
}
