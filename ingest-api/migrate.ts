// Brings PostgreSQL to what this checkout needs: roles, databases, schema, partitions, publication, slot. Safe to repeat.
import { ConfigError } from '@tally/platform/process/config'
import { messageOf } from '@tally/platform/process/errors'
import { setUpDatabase } from '#database/set-up'
import { migrateConfig } from './config.ts'

try {
  const config = migrateConfig()
  const applied = await setUpDatabase({
    superuser: config.MIGRATE_DATABASE_URL,
    database: 'tally',
    slot: config.OUTBOX_SLOT,
    passwords: {
      owner: config.TALLY_OWNER_PASSWORD,
      api: config.TALLY_API_PASSWORD,
      reader: config.TALLY_READER_PASSWORD,
      dbz: config.DBZ_PASSWORD,
      registry: config.REGISTRY_PASSWORD,
      replayer: config.REPLAYER_PASSWORD,
    },
  })
  process.stdout.write(applied.length === 0 ? 'the database is up to date\n' : `applied ${applied.join(', ')}\n`)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = error instanceof ConfigError ? error.exitCode : 1
}
