// The API keys of a merchant, as people see them: by an id that says nothing about the key.
import type pg from 'pg'

const ID_DIGITS = 12

/** `id`: the first digits of the key's hash in hex. Safe to show: a key has 256 random bits, which no hash gives away. */
export type Key = { id: string; createdAt: Date; revokedAt: Date | null }

/** The id of a key, from its hash. */
export const keyIdOf = (keyHash: Buffer): string => keyHash.toString('hex').slice(0, ID_DIGITS)

/** Gives one more key to a merchant; false when there is no merchant of that name. */
export async function addFurtherKey(client: pg.ClientBase, name: string, keyHash: Buffer): Promise<boolean> {
  const sql = 'insert into api_keys (key_hash, merchant_id) select $2, id from merchants where name = $1'
  return (await client.query(sql, [name, keyHash])).rowCount === 1
}

/** The merchant's keys, oldest first, revoked ones too. */
export async function keysOf(client: pg.ClientBase, name: string): Promise<Key[]> {
  const { rows } = await client.query<Key>(
    `select left(encode(key_hash, 'hex'), $2) as id, api_keys.created_at as "createdAt", revoked_at as "revokedAt"
     from api_keys join merchants on id = merchant_id where name = $1 order by api_keys.created_at, key_hash`,
    [name, ID_DIGITS],
  )
  return rows
}

/** Revokes the merchant's key whose id this is; nothing changes when it was revoked before. */
export async function revokeKey(client: pg.ClientBase, name: string, id: string): Promise<void> {
  await client.query(
    `update api_keys set revoked_at = now() from merchants
     where merchants.id = merchant_id and name = $1 and left(encode(key_hash, 'hex'), $3) = $2 and revoked_at is null`,
    [name, id, ID_DIGITS],
  )
}
