// API key → merchant. A key revoked, or a limit changed, holds within CACHE_MS.
import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '@tally/platform/clock'
import { Problem } from '@tally/platform/problem'
import type { Merchant } from './merchant.ts'
import type { WrongKeys } from './wrong-keys.ts'

/** Finds the merchant of a key that is not revoked, by the key's hash. */
export type FindMerchant = (keyHash: Buffer) => Promise<Merchant | undefined>

const CACHE_MS = 5_000
const CACHE_SIZE = 10_000

/** A new key: 256 random bits, with a prefix by which leak scanners can know it. */
export const newApiKey = (): string => `tally_${randomBytes(32).toString('base64url')}`

/** What is stored of a key. The key has nothing to guess, so one plain hash is enough; finding by it needs no constant time. */
export const hashOf = (apiKey: string): Buffer => createHash('sha256').update(apiKey).digest()

/** Who an `Authorization` header speaks for, that came from the address. @throws Problem 401, 429 */
export type Authenticate = (authorization: string | undefined, address: string) => Promise<Merchant>

/** Keys that were right not long ago are never refused for the wrong ones of their address. */
export function authenticateMerchant(find: FindMerchant, clock: Clock, wrongKeys: WrongKeys): Authenticate {
  const cache = new Map<string, { found: Promise<Merchant | undefined>; until: number }>()

  /** Requests that come while a look-up is under way share it; keys nobody has are forgotten at once. */
  function lookUp(hash: Buffer, key: string): Promise<Merchant | undefined> {
    const cached = cache.get(key)
    if (cached !== undefined && cached.until > clock.now()) return cached.found
    const found = find(hash)
    const forget = () => cache.delete(key)
    cache.delete(key)
    cache.set(key, { found, until: clock.now() + CACHE_MS })
    if (cache.size > CACHE_SIZE) cache.delete(cache.keys().next().value ?? '')
    found.then((merchant) => merchant ?? forget(), forget)
    return found
  }

  return async (authorization, address) => {
    const apiKey = /^Bearer +([\w-]{1,256}) *$/i.exec(authorization ?? '')?.[1]
    if (apiKey === undefined) throw unauthorized('Send your API key as "Authorization: Bearer KEY".')
    const hash = hashOf(apiKey)
    const key = hash.toString('base64')
    if (!cache.has(key)) await wrongKeys.check(address)
    const merchant = await lookUp(hash, key)
    if (merchant !== undefined) return merchant
    await wrongKeys.count(address)
    throw unauthorized('This API key is not known or was revoked.')
  }
}

const unauthorized = (detail: string) =>
  new Problem(401, 'unauthorized', 'No valid API key', detail, { headers: { 'WWW-Authenticate': 'Bearer realm="tally"' } })
