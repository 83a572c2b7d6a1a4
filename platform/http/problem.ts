// Errors a client sees, as RFC 9457 problem details.

export type FieldFault = { pointer: string; detail: string }

/** An answer that is not a success. `type` is a path under /problems/. */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: number
  readonly type: string
  readonly title: string
  readonly errors: FieldFault[] | undefined
  readonly headers: Record<string, string>
  constructor(
    status: number,
    slug: string,
    title: string,
    detail: string,
    extra: { errors?: FieldFault[]; headers?: Record<string, string> } = {},
  ) {
    super(detail)
    this.status = status
    this.type = `/problems/${slug}`
    this.title = title
    this.errors = extra.errors
    this.headers = extra.headers ?? {}
  }
}

export const invalidFields = (errors: FieldFault[]) =>
  new Problem(
    422,
    'invalid-fields',
    'Some fields are not valid',
    `${errors.length === 1 ? '1 fault' : `${errors.length} faults`}, each named in "errors".`,
    { errors },
  )

export const notFound = (detail: string) => new Problem(404, 'not-found', 'Not found', detail)

export const unavailable = (detail: string, retryAfterSeconds: number) =>
  new Problem(503, 'unavailable', 'Not available right now', detail, { headers: { 'Retry-After': String(Math.ceil(retryAfterSeconds)) } })

/** The body of a problem answer. */
export function problemBody(problem: Problem, instance: string, requestId: string): Record<string, unknown> {
  const { type, title, status, errors, message: detail } = problem
  return { type, title, status, detail, instance, requestId, ...(errors && { errors }) }
}
