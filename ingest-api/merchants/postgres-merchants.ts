// Merchants and the hashes of their keys.
import type pg from 'pg'
import { unavailableFrom } from '#database/errors'
import type { FindMerchant } from './authenticate.ts'
import type { Merchant } from './merchant.ts'

type Row = { id: string; name: string; rate_per_minute: number | null; burst: number | null }

const merchantOf = ({ id, name, rate_per_minute, burst }: Row): Merchant => ({
  merchantId: BigInt(id),
  name,
  perMinute: rate_per_minute ?? undefined,
  burst: burst ?? undefined,
})

/** Finds merchants by key in the pool's database. */
export function postgresMerchants(pool: pg.Pool): FindMerchant {
  return async (keyHash) => {
    const found = pool.query<Row>(
      `select id, name, rate_per_minute, burst from api_keys join merchants on id = merchant_id
       where key_hash = $1 and revoked_at is null`,
      [keyHash],
    )
    const { rows } = await found.catch((error: unknown) => {
      throw unavailableFrom(error)
    })
    return rows[0] && merchantOf(rows[0])
  }
}

/** Adds a key to the merchant of that name, and the merchant where there is none; limits given replace the merchant's own. */
export async function addKey(
  client: pg.ClientBase,
  { name, keyHash, perMinute, burst }: { name: string; keyHash: Buffer; perMinute: number | undefined; burst: number | undefined },
): Promise<{ isNew: boolean }> {
  const { rows } = await client.query<{ is_new: boolean }>(
    `with merchant as (
       insert into merchants (name, rate_per_minute, burst) values ($1, $2, $3)
       on conflict (name) do update set
         rate_per_minute = coalesce(excluded.rate_per_minute, merchants.rate_per_minute),
         burst = coalesce(excluded.burst, merchants.burst)
       returning merchants.id, old.id is null as is_new
     ), key as (
       insert into api_keys (key_hash, merchant_id) select $4, id from merchant
     )
     select is_new from merchant`,
    [name, perMinute ?? null, burst ?? null, keyHash],
  )
  return { isNew: rows[0]?.is_new ?? true }
}
