// Adds a merchant, or a further key to one: `--name acme [--rate N] [--burst N]`. The last line of stdout is the key alone.
import { parseArgs } from 'node:util'
import { ConfigError, int, readConfig } from '@tally/platform/process/config'
import { messageOf } from '@tally/platform/process/errors'
import pg from 'pg'
import { z } from 'zod'
import { hashOf, newApiKey } from '#merchants/authenticate'
import { keyIdOf } from '#merchants/postgres-keys'
import { addKey } from '#merchants/postgres-merchants'
import { addMerchantConfig } from './config.ts'

const USAGE = 'usage: add-merchant.ts --name NAME [--rate ORDERS_PER_MINUTE] [--burst ORDERS_AT_ONCE]'
const amount = int(1, 1_000_000_000).optional()

function readArguments() {
  try {
    const { values } = parseArgs({ options: { name: { type: 'string' }, rate: { type: 'string' }, burst: { type: 'string' } } })
    return readConfig({ name: z.string().trim().min(1).max(64), rate: amount, burst: amount }, values)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.message.split('\n')[1] ?? error.message).trim() : error}\n${USAGE}\n`)
    process.exit(1)
  }
}

const { name, rate: perMinute, burst } = readArguments()
try {
  const client = new pg.Client({ connectionString: addMerchantConfig().DATABASE_URL, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    const apiKey = newApiKey()
    const { isNew } = await addKey(client, { name, keyHash: hashOf(apiKey), perMinute, burst })
    process.stderr.write(
      isNew ? `merchant "${name}" added\n` : `merchant "${name}" was there already: this is one more key for it, the others stay valid\n`,
    )
    process.stderr.write(`The key with the id ${keyIdOf(hashOf(apiKey))} is shown this once; only its hash is kept:\n`)
    process.stdout.write(`${apiKey}\n`)
  } finally {
    await client.end()
  }
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = error instanceof ConfigError ? error.exitCode : 1
}
