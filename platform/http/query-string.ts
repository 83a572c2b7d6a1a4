// Query strings are checked by a schema: all faults of one are told at once, each pointing at its parameter.
import type { z } from 'zod'
import { invalidFields } from './problem.ts'

/** What was asked. @throws Problem 422 naming every fault; parameters a strict schema does not know are faults too */
export function asked<T>(schema: z.ZodType<T>, query: unknown): T {
  const parsed = schema.safeParse(query)
  if (parsed.success) return parsed.data
  throw invalidFields(
    parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({ pointer: pointerTo(key), detail: 'is not a parameter here' }))
        : [{ pointer: pointerTo(...issue.path.map(String)), detail: issue.message }],
    ),
  )
}

/** RFC 6901. */
const pointerTo = (...path: string[]) => path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
