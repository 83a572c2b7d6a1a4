// The trace a request belongs to.
import { randomFillSync } from 'node:crypto'
import type { Request } from 'express'
import { traceOf } from '#orders/trace-context'

/** Random bytes in bulk: asking for them costs more than having them. */
const random = Buffer.alloc(6_144)
let used = random.length

function randomHex(bytes: number): string {
  if (used + bytes > random.length) {
    randomFillSync(random)
    used = 0
  }
  used += bytes
  return random.toString('hex', used - bytes, used)
}

/** The caller's trace, or a new one. */
export const traceOfRequest = (req: Request) => traceOf(req.get('traceparent'), req.get('tracestate'), randomHex)
