// API key → merchant. A key revoked, or a limit changed, holds within CACHE_MS.
import { hash, randomBytes } from 'node:crypto'
import { Problem } from '@tally/platform/http/problem'
import type { Clock } from '@tally/platform/process/clock'
import type { Merchant } from './merchant.ts'

/** Finds the merchant of a key that is not revoked, by the key's hash. */
export type FindMerchant = (keyHash: Buffer) => Promise<Merchant | undefined>

const CACHE_MS = 5_000
const CACHE_SIZE = 10_000

/** A new key: 256 random bits, with a prefix by which leak scanners can know it. */
export const newApiKey = (): string => `tally_${randomBytes(32).toString('base64url')}`

/** What is stored of a key. The key has nothing to guess, so one plain hash is enough; finding by it needs no constant time. */
export const hashOf = (apiKey: string): Buffer => hash('sha256', apiKey, 'buffer')

/** Who an `Authorization` header speaks for, that came from the address. @throws Problem 401, 429 */
export type Authenticate = ((authorization: string | undefined, address: string) => Promise<Merchant>) & {
  /** The merchant, when the key was found right within CACHE_MS; asks nobody. */
  known(authorization: string | undefined): Merchant | undefined
}

const keyIn = (authorization = '') => /^Bearer +([\w-]{1,256}) *$/i.exec(authorization)?.[1]

type Cached = { found: Promise<Merchant | undefined>; merchant?: Merchant | undefined; until: number }

/** Keys that were right not long ago are never refused for the wrong ones of their address. */
export function authenticateMerchant(find: FindMerchant, clock: Clock, wrongKeys: WrongKeys): Authenticate {
  const cache = new Map<string, Cached>()

  /** One that would hold for longer than it ever was kept for is of a clock that has stepped back since. */
  function isFresh({ until }: Cached): boolean {
    const leftMs = until - clock.now()
    return leftMs > 0 && leftMs <= CACHE_MS
  }

  /** Requests that come while a look-up is under way share it; keys nobody has are forgotten at once. */
  function lookUp(key: string): Promise<Merchant | undefined> {
    const cached = cache.get(key)
    if (cached !== undefined && isFresh(cached)) return cached.found
    const found = find(Buffer.from(key, 'base64'))
    const forget = () => cache.delete(key)
    cache.delete(key)
    const entry: Cached = { found, until: clock.now() + CACHE_MS }
    cache.set(key, entry)
    if (cache.size > CACHE_SIZE) cache.delete(cache.keys().next().value ?? '')
    found.then((merchant) => {
      entry.merchant = merchant
      if (merchant === undefined) forget()
    }, forget)
    return found
  }

  async function authenticate(authorization: string | undefined, address: string): Promise<Merchant> {
    const apiKey = keyIn(authorization)
    if (apiKey === undefined) throw unauthorized('Send your API key as "Authorization: Bearer KEY".')
    const key = hash('sha256', apiKey, 'base64')
    if (!cache.has(key)) await wrongKeys.check(address)
    const merchant = await lookUp(key)
    if (merchant !== undefined) return merchant
    await wrongKeys.count(address)
    throw unauthorized('This API key is not known or was revoked.')
  }

  return Object.assign(authenticate, {
    known(authorization: string | undefined) {
      const apiKey = keyIn(authorization)
      const cached = apiKey === undefined ? undefined : cache.get(hash('sha256', apiKey, 'base64'))
      return cached !== undefined && isFresh(cached) ? cached.merchant : undefined
    },
  })
}

const unauthorized = (detail: string) =>
  new Problem(401, 'unauthorized', 'No valid API key', detail, { headers: { 'WWW-Authenticate': 'Bearer realm="tally"' } })

export type WrongKeys = {
  /** Before a key is looked up that was never seen to be right. @throws Problem 429 */
  check(address: string): Promise<void>
  /** After the key turned out wrong. @throws Problem 429 */
  count(address: string): Promise<void>
}
