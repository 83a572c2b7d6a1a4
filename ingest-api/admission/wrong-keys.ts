// Wrong API keys of one address: so many a minute are looked up; past that they are refused without asking the database.

import { Problem } from '@tally/platform/http/problem'
import type { WrongKeys } from '#merchants/authenticate'
import type { RateLimits } from './rate-limits.ts'

/** At most `perMinute` of them, for each address. */
export function limitWrongKeys(limits: RateLimits, perMinute: number): WrongKeys {
  const limit = { perMinute, burst: perMinute }
  return {
    async check(address) {
      const { remaining, nextMs } = await limits.take(address, limit, 0)
      if (remaining < 1) throw tooManyWrongKeys(nextMs)
    },
    async count(address) {
      const { granted, nextMs } = await limits.take(address, limit, 1)
      if (granted < 1) throw tooManyWrongKeys(nextMs)
    },
  }
}

const tooManyWrongKeys = (nextMs: number) =>
  new Problem(429, 'too-many-wrong-keys', 'Too many wrong API keys', 'Too many wrong API keys came from your address.', {
    headers: { 'Retry-After': String(Math.ceil(nextMs / 1_000)) },
  })
