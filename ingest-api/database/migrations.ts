// Applies migrations/*.sql in order, each once and in a transaction of its own, and remembers what it applied.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { messageOf } from '@tally/platform/process/errors'
import type pg from 'pg'

const FOLDER = new URL('../migrations/', import.meta.url)

export type Migration = { version: number; name: string; sql: string; checksum: string }

/** The migrations of this checkout, oldest first. */
export function readMigrations(): Migration[] {
  const names = readdirSync(FOLDER).filter((name) => /^\d{4}-.+\.sql$/.test(name))
  return names.sort().map((name) => {
    const sql = readFileSync(new URL(name, FOLDER), 'utf8')
    return { version: Number(name.slice(0, 4)), name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
  })
}

/**
 * Applies what is missing; the names of what it applied. Everything it creates belongs to `owner`.
 * @throws Error when a migration that was applied has been edited since, or the database is ahead of this checkout
 */
export async function applyMigrations(client: pg.Client, owner: string, migrations = readMigrations()): Promise<string[]> {
  await client.query(`set role ${owner}`)
  await client.query(`create table if not exists schema_migrations (
    version int primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`)
  const applied = await client.query<{ version: number; name: string; checksum: string }>(
    'select version, name, checksum from schema_migrations',
  )
  const known = new Map(applied.rows.map((row) => [row.version, row]))
  for (const { version, name } of applied.rows) {
    if (!migrations.some((migration) => migration.version === version))
      throw new Error(`the database has migration ${name}, which this checkout does not have: run a newer checkout`)
  }
  const names: string[] = []
  for (const migration of migrations) {
    const before = known.get(migration.version)
    if (before === undefined) {
      await applyOne(client, migration)
      names.push(migration.name)
    } else if (before.checksum !== migration.checksum) {
      throw new Error(`${migration.name} was edited after it was applied: restore it and put the change into a new migration`)
    }
  }
  await client.query('reset role')
  return names
}

async function applyOne(client: pg.Client, { version, name, sql, checksum }: Migration): Promise<void> {
  await client.query('begin')
  try {
    await client.query(sql)
    await client.query('insert into schema_migrations (version, name, checksum) values ($1, $2, $3)', [version, name, checksum])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new Error(`migration ${name} failed, nothing of it was kept: ${messageOf(error)}`, { cause: error })
  }
}
