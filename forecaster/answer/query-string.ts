// What callers may ask for, in words of the query string.
import { z } from 'zod'
import { DEFAULT_HORIZON, RHYTHMS } from '#series/series'

const needed = (otherwise: string) => ({ error: ({ input }: { input?: unknown }) => (input === undefined ? 'is required' : otherwise) })

const category = z.string(needed('is given more than once')).min(1, 'is empty').max(64, 'is longer than 64 characters')
const currency = z.string(needed('is given more than once')).regex(/^[A-Z]{3}$/, 'is not an ISO 4217 code such as USD')
const size = z.enum(['hour', 'day'], needed('is not hour or day'))
const measure = z.enum(['units', 'orders', 'revenue'], { error: 'is not units, orders or revenue' })

const horizon = (most: number) =>
  z
    .string('is given more than once')
    .regex(/^\d{1,4}$/, 'is not a whole number')
    .transform(Number)
    .refine((periods) => periods >= 1 && periods <= most, `is not within 1 to ${most}`)

/** @param sizeAsked on which the longest horizon depends: one schema, so that its fault is told beside all others */
export function forecastQuery(sizeAsked: unknown) {
  const { maxHorizon } = RHYTHMS[sizeAsked === 'day' ? 'day' : 'hour']
  return z.strictObject({
    category,
    currency,
    size,
    measure: measure.default('units'),
    horizon: horizon(maxHorizon).default(DEFAULT_HORIZON),
  })
}

export const noQuery = z.strictObject({})
