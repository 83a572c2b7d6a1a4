// Keys of a merchant that is there: `--name acme` adds one, the last line of stdout alone; `--revoke ID` ends one; `--list` shows them.
import { parseArgs } from 'node:util'
import { runCommand } from '@tally/platform/process/command'
import { messageOf } from '@tally/platform/process/errors'
import pg from 'pg'
import { hashOf, newApiKey } from '#merchants/authenticate'
import type { Key } from '#merchants/postgres-keys'
import { addFurtherKey, keyIdOf, keysOf, revokeKey } from '#merchants/postgres-keys'
import { addMerchantConfig } from './config.ts'

const USAGE = `usage: merchant-key.ts --name NAME              adds a further key; the others stay valid
       merchant-key.ts --name NAME --list       shows the ids of its keys
       merchant-key.ts --name NAME --revoke ID  revokes one within 5 s; the first digits of its id are enough`

const say = (text: string) => process.stderr.write(`${text}\n`)
const describe = ({ id, createdAt, revokedAt }: Key) =>
  `${id}  added ${createdAt.toISOString()}${revokedAt === null ? '' : `  revoked ${revokedAt.toISOString()}`}`

function readArguments() {
  try {
    const { values } = parseArgs({ options: { name: { type: 'string' }, revoke: { type: 'string' }, list: { type: 'boolean' } } })
    const { name = '', revoke, list = false } = values
    if (name.trim() === '') throw new Error('--name is not set: whose key?')
    if (revoke !== undefined && !/^[0-9a-f]{4,12}$/.test(revoke))
      throw new Error('--revoke takes the id of a key, 4 to 12 hex digits, never the key itself')
    if (revoke !== undefined && list) throw new Error('--revoke or --list, not both')
    return { name: name.trim(), revoke, list }
  } catch (error) {
    throw new Error(`${messageOf(error)}\n${USAGE}`)
  }
}

async function add(client: pg.Client, name: string): Promise<void> {
  const apiKey = newApiKey()
  if (!(await addFurtherKey(client, name, hashOf(apiKey)))) throw unknown(name)
  say(`The key with the id ${keyIdOf(hashOf(apiKey))} is shown this once; only its hash is kept:`)
  process.stdout.write(`${apiKey}\n`)
}

async function revoke(client: pg.Client, name: string, start: string): Promise<void> {
  const keys = await keysOf(client, name)
  if (keys.length === 0) throw unknown(name)
  const [key, another] = keys.filter(({ id }) => id.startsWith(start))
  if (key === undefined || another !== undefined) {
    const how = key === undefined ? 'no key' : 'several keys'
    throw new Error(`"${name}" has ${how} with an id that begins with ${start}. Its keys:\n${keys.map(describe).join('\n')}`)
  }
  if (key.revokedAt !== null) return void say(`it was revoked before: ${describe(key)}`)
  await revokeKey(client, name, key.id)
  const left = keys.filter(({ revokedAt }) => revokedAt === null).length - 1
  say(`key ${key.id} of "${name}" is revoked: it is refused within 5 s; ${left} of its keys ${left === 1 ? 'is' : 'are'} still valid`)
}

async function show(client: pg.Client, name: string): Promise<void> {
  const keys = await keysOf(client, name)
  if (keys.length === 0) throw unknown(name)
  process.stdout.write(`${keys.map(describe).join('\n')}\n`)
}

const unknown = (name: string) => new Error(`there is no merchant "${name}": add it with make merchant NAME=…`)

await runCommand(async () => {
  const { name, revoke: start, list } = readArguments()
  const client = new pg.Client({ connectionString: addMerchantConfig().DATABASE_URL, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    if (list) await show(client, name)
    else if (start !== undefined) await revoke(client, name, start)
    else await add(client, name)
  } finally {
    await client.end()
  }
})
