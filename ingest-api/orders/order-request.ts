// The body of an order as merchants send it: one zod schema that validates, and that the API's description is made from.

import type { FieldFault } from '@tally/platform/http/problem'
import type { Clock } from '@tally/platform/process/clock'
import { formatRfc3339, parseRfc3339 } from '@tally/platform/process/time'
import { z } from 'zod'
import { CURRENCIES } from './currency.ts'
import type { OrderRequest } from './order.ts'

/** `tooOld`: the value, where its age is all that is wrong with it. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; faults: FieldFault[]; tooOld?: T }

/** An order's body is at most this long. */
export const MAX_ORDER_BYTES = 65_536

/** Bounds of placedAt, epoch microseconds. */
export type PlacedAtBounds = () => { earliest: bigint; latest: bigint }

const DAY_MS = 86_400_000
const MAX_AHEAD_MS = 300_000
/** An answer stays small, however many faults 64 KiB can hold. */
const MAX_FAULTS = 1_000

/** Not older than `maxAgeDays` and never from before 1970, which nobody could count; at most five minutes ahead of this clock. */
export function placedAtBounds(clock: Clock, maxAgeDays: number): PlacedAtBounds {
  return () => {
    const now = clock.now()
    return { earliest: BigInt(Math.max(0, now - maxAgeDays * DAY_MS)) * 1000n, latest: BigInt(now + MAX_AHEAD_MS) * 1000n }
  }
}

/** Marks the one fault that an order can come by while it is repeated. */
const TOO_OLD = { tooOld: true }

/** Wider than any RFC 3339 time: what was found to be only too old is not judged by the clock again. */
const ANY_TIME = { earliest: -(2n ** 63n), latest: 2n ** 63n }

const CONTROL = /\p{Cc}/u
/** The same for the description: patterns there are to be read by any language's expressions. */
const WITHOUT_CONTROL = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$'

/** Text of 1 to 64 characters (code points) that PostgreSQL and Avro can keep. */
const shortText = (example: string) =>
  z
    .string()
    .superRefine((text, context) => {
      const length = text.length > 128 ? text.length : [...text].length
      if (length < 1 || length > 64) context.addIssue('must have 1 to 64 characters')
      if (CONTROL.test(text)) context.addIssue('must not contain control characters')
      if (!text.isWellFormed()) context.addIssue('must not contain a lone surrogate')
    })
    .meta({ minLength: 1, maxLength: 64, pattern: WITHOUT_CONTROL, examples: [example] })

const wholeNumber = (min: number, max: number) => z.int(`must be a whole number from ${min} to ${max}`).min(min).max(max)

const line = z.strictObject({
  sku: shortText('FUR-CH-100'),
  category: shortText('Chairs').meta({ description: 'What the line is counted under.' }),
  quantity: wholeNumber(1, 10_000).meta({ examples: [2] }),
  unitPriceMinor: wholeNumber(0, 1_000_000_000).meta({ description: "In the currency's minor unit.", examples: [19_990] }),
})

/** The schema of one order; `bounds` is asked once for each order. */
export function orderSchema(bounds: PlacedAtBounds) {
  return z.strictObject({
    externalOrderId: z
      .string()
      .regex(/^[ -~]{1,64}$/, 'must be 1 to 64 printable ASCII characters')
      .meta({ description: "The merchant's own id of the order, unique for ever.", examples: ['7f0c-1'] }),
    currency: z
      .string()
      .refine((code) => CURRENCIES.has(code), 'must be an ISO 4217 code in use, such as USD')
      .meta({ enum: [...CURRENCIES], description: 'ISO 4217.', examples: ['USD'] }),
    placedAt: z
      .string()
      .transform((text, context) => {
        const micros = parseRfc3339(text)
        const { earliest, latest } = bounds()
        if (micros === undefined) context.addIssue('must be an RFC 3339 time, such as 2026-11-24T08:00:00Z')
        else if (micros < earliest)
          context.addIssue({ code: 'custom', message: `must not be before ${formatRfc3339(earliest)}`, params: TOO_OLD })
        else if (micros > latest) context.addIssue(`must not be after ${formatRfc3339(latest)}`)
        return micros ?? z.NEVER
      })
      .optional()
      .meta({ format: 'date-time', description: 'When the customer ordered; without it, when the order is accepted.' }),
    lines: z.array(line).min(1, 'must have 1 to 100 lines').max(100, 'must have 1 to 100 lines'),
  })
}

/** A parser for bodies that names every fault at once. */
export function orderParser(bounds: PlacedAtBounds): (body: unknown) => Parsed<OrderRequest> {
  const schema = orderSchema(bounds)
  const ofAnyAge = orderSchema(() => ANY_TIME)
  return (body) => {
    const parsed = schema.safeParse(body, { error: plainWords })
    if (parsed.success) return { ok: true, value: { ...parsed.data, placedAt: parsed.data.placedAt } }
    const faults = faultsOf(parsed.error)
    if (parsed.error.issues.some((issue) => issue.code !== 'custom' || issue.params !== TOO_OLD)) return { ok: false, faults }
    const aged = ofAnyAge.parse(body)
    return { ok: false, faults, tooOld: { ...aged, placedAt: aged.placedAt } }
  }
}

/** Every fault once, with a JSON pointer (RFC 6901). */
export function faultsOf(error: z.ZodError): FieldFault[] {
  const faults = error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ pointer: pointerTo(issue.path), detail: issue.message }]
    return issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), detail: 'is not a known field' }))
  })
  const once = new Map(faults.map((fault) => [`${fault.pointer} ${fault.detail}`, fault]))
  return [...once.values()].slice(0, MAX_FAULTS)
}

/** What a fault is called where the schema has no words of its own. */
export function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'invalid_type') return undefined
  return issue.input === undefined ? 'is required' : `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
}

function pointerTo(path: PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
