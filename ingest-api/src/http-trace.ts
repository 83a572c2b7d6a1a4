// The trace a request belongs to.
import { randomBytes } from 'node:crypto'
import type { Request } from 'express'
import { traceOf } from './trace.ts'

/** The caller's trace, or a new one. */
export const traceOfRequest = (req: Request) =>
  traceOf(req.get('traceparent'), req.get('tracestate'), (bytes) => randomBytes(bytes).toString('hex'))
