// The same statement, one order a transaction, by pgbench: what the database does without the API in front of it.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { stack } from '../../support/stack.ts'
import { PATH } from './config.ts'

const SQL = readFileSync(new URL('../../../ingest-api/orders/insert-orders.sql', import.meta.url), 'utf8')
const DEBIAN = '/usr/lib/postgresql'

/** Bytes as long as the hash of an order and as the event of one with two lines. */
const hex = (bytes: number) => `'\\x${'5a'.repeat(bytes)}'`
const LINES = JSON.stringify([1, 2].map(() => ({ sku: 'FUR-CH-1000', category: 'Chairs', quantity: 3, unitPriceMinor: 1_999 })))

/** In the order of the statement's parameters; ids grow as the API's do, external ids are random. */
const VALUES = [
  ':id',
  '1',
  'md5(:id::text)',
  hex(32),
  "'USD'",
  "'2026-11-24T08:00:00Z'",
  "'2026-11-24T08:00:00Z'",
  '11994',
  `'${LINES}'`,
  ':id',
  hex(130),
  "'00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'",
  'null',
]

/** Where pgbench is; undefined where there is none. */
export function findPgbench(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : []
  return [...PATH.split(delimiter), ...versions].map((folder) => join(folder, 'pgbench')).find(existsSync)
}

/** Orders a second that `clients` place; `firstId` leaves room for all of them. */
export function runPgbench(pgbench: string, { clients, seconds, firstId }: { clients: number; seconds: number; firstId: bigint }): number {
  const folder = mkdtempSync(join(tmpdir(), 'tally-pgbench-'))
  try {
    const script = join(folder, 'order.sql')
    const statement = SQL.replace(/^--.*$/gm, '').replace(/\$(\d+)::/g, (_, n) => `array[${VALUES[Number(n) - 1]}]::`)
    writeFileSync(script, `\\set n :n + 1\n\\set id ${firstId} + :n * ${clients} + :client_id\n${statement.trim()};\n`)
    const options = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds), '-D', 'n=0', '-f', script]
    const output = execFileSync(pgbench, [...options, stack.database('tally_api')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    return Number(/tps = ([\d.]+)/.exec(output)?.[1])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
