// Parts of the API's description: schemas from the zod schemas that validate, answers, headers and problems.
import { z } from 'zod'
import { orderSchema } from '#orders/order-request'

type Json = Record<string, unknown>

const jsonSchema = (schema: z.ZodType): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return rest
}

const request = orderSchema(() => ({ earliest: 0n, latest: 0n }))
const time = z.string().meta({ format: 'date-time' })
const order = request.omit({ placedAt: true }).extend({
  orderId: z.string().regex(/^[0-9]{1,19}$/),
  placedAt: time,
  acceptedAt: time,
  totalMinor: z.int().min(0),
})
const problem = z.strictObject({
  type: z.string().meta({ description: 'A path that the API serves as a page.', examples: ['/problems/invalid-fields'] }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  requestId: z.string(),
  errors: z
    .array(z.strictObject({ pointer: z.string().meta({ description: 'JSON pointer to the field.' }), detail: z.string() }))
    .optional(),
})
const outcome = z.union([
  z.strictObject({ line: z.int().min(1), status: z.union([z.literal(200), z.literal(201)]), order }),
  z.strictObject({ line: z.int().min(1), status: z.int().min(400), problem }),
])

export const schemas: Record<string, Json> = {
  OrderRequest: jsonSchema(request),
  Order: jsonSchema(order),
  OrderPage: jsonSchema(z.strictObject({ data: z.array(order), hasMore: z.boolean() })),
  BatchOutcome: jsonSchema(outcome),
  Problem: jsonSchema(problem),
}

export const ref = (name: keyof typeof schemas): Json => ({ $ref: `#/components/schemas/${name}` })

const header = (description: string, required = true): Json => ({ description, required, schema: { type: 'string' } })

export const headers: Record<string, Json> = {
  'X-Request-Id': header("The caller's, if sane, else a new one."),
  RateLimit: header('Orders left and seconds until the limit is whole again (draft 8).'),
  'RateLimit-Policy': header('The limit (draft 8).'),
  'RateLimit-if-known': header('Once the key is known: orders left and seconds until the limit is whole again (draft 8).', false),
  'RateLimit-Policy-if-known': header('Once the key is known: the limit (draft 8).', false),
  Location: header('Path of the order.'),
  'Idempotent-Replayed': header('true: the same order was placed before, and this is its answer.'),
  'Retry-After': header('Seconds to wait before sending the same again.'),
  Allow: header('Methods possible here.'),
  'WWW-Authenticate': header('How to authenticate.'),
}

const LIMIT = ['RateLimit', 'RateLimit-Policy']

const headerRefs = (names: string[]) => Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

/** On answers that may come before the key is known: without a merchant there is no limit to tell. */
const limitIfKnown = () => Object.fromEntries(LIMIT.map((name) => [name, { $ref: `#/components/headers/${name}-if-known` }]))

/** A successful answer of a media type. */
export function answer(description: string, mediaType: string, schema: Json, ...more: string[]): Json {
  return {
    description,
    headers: headerRefs(['X-Request-Id', ...LIMIT, ...more]),
    content: { [mediaType]: { schema } },
  }
}

const PROBLEMS: Record<string, [description: string, ...headers: string[]]> = {
  400: ['The request or its JSON cannot be read, a key stands twice in an object, or Idempotency-Key is not the externalOrderId.'],
  401: ['No key, or one that is not known or was revoked.', 'WWW-Authenticate'],
  404: ['There is no such order of this merchant.'],
  405: ['The method is not possible here.', 'Allow'],
  409: ['Another order has this externalOrderId.'],
  413: ['The body is larger than allowed.'],
  415: ['Media type, charset or encoding not supported.'],
  422: ['Some fields are not valid: all of them are named.'],
  429: ['Too many orders, or too many wrong keys from one address.', 'Retry-After'],
  503: ['The database is away, or load is shed.', 'Retry-After'],
}

const BEFORE_THE_KEY = [401]
const ALSO_BEFORE_THE_KEY = [400, 429, 503]

/** The problems an operation may answer with. */
export function problems(...statuses: number[]): Json {
  const entries = statuses.map((status) => {
    const [description = '', ...names] = PROBLEMS[status] ?? []
    const content = { 'application/problem+json': { schema: ref('Problem') } }
    const limit = BEFORE_THE_KEY.includes(status) ? {} : ALSO_BEFORE_THE_KEY.includes(status) ? limitIfKnown() : headerRefs(LIMIT)
    return [String(status), { description, headers: { ...headerRefs(['X-Request-Id', ...names]), ...limit }, content }]
  })
  return Object.fromEntries(entries)
}
