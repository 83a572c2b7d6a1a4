// The query of a list of orders.
import { invalidFields } from '@tally/platform/http/problem'
import { z } from 'zod'
import { parseOrderId } from './find-orders.ts'
import { faultsOf, plainWords } from './order-request.ts'

const WHOLE_NUMBER = 'must be a whole number from 1 to 100'

/** `limit` and `startingAfter`; unknown parameters are refused, since a misspelt one would page forever. */
export const listQuery = z.strictObject({
  limit: z
    .string(WHOLE_NUMBER)
    .refine((text) => /^([1-9]\d?|100)$/.test(text), WHOLE_NUMBER)
    .transform(Number)
    .default(20)
    .meta({ type: 'integer', minimum: 1, maximum: 100, default: 20 }),
  startingAfter: z
    .string('must be an orderId')
    .transform((text, context) => {
      const id = parseOrderId(text)
      if (id === undefined) context.addIssue('must be an orderId')
      return id ?? z.NEVER
    })
    .optional()
    .meta({ pattern: '^[0-9]{1,19}$', description: 'Only orders older than this one: the orderId that the last page ended with.' }),
})

/** @throws Problem 422 */
export function parseListQuery(query: unknown): { limit: number; startingAfter: bigint | undefined } {
  const parsed = listQuery.safeParse(query, { error: plainWords })
  if (!parsed.success) throw invalidFields(faultsOf(parsed.error))
  return { limit: parsed.data.limit, startingAfter: parsed.data.startingAfter }
}
