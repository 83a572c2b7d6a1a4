// The API's description, OpenAPI 3.1.
import { z } from 'zod'
import { listQuery } from '#orders/list-query'
import { answer, headers, problems, ref, schemas } from './openapi-parts.ts'

const parameter = (place: 'header' | 'path' | 'query', name: string, schema: unknown, description: string) => ({
  in: place,
  name,
  required: place === 'path',
  description,
  schema,
})

const text = { type: 'string' }
const COMMON = [parameter('header', 'X-Request-Id', text, 'Names the request in answers and logs.')]
const TRACE = [parameter('header', 'traceparent', text, 'W3C Trace Context; travels with the order into its event.')]

function queryParameters() {
  const { properties = {} } = z.toJSONSchema(listQuery, { io: 'input' })
  return Object.entries(properties).map(([name, schema]) => parameter('query', name, schema, ''))
}

const EXAMPLE = {
  externalOrderId: '7f0c-1',
  currency: 'USD',
  lines: [{ sku: 'FUR-CH-100', category: 'Chairs', quantity: 2, unitPriceMinor: 19_990 }],
}
const BATCH_EXAMPLE = [EXAMPLE, { ...EXAMPLE, externalOrderId: '7f0c-2' }].map((order) => `${JSON.stringify(order)}\n`).join('')

export const openapi = {
  openapi: '3.1.0',
  info: {
    title: 'tally orders',
    version: '1',
    description:
      'Takes orders. An order is identified by its externalOrderId: sending the very same again is always safe and never counts twice.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  security: [{ apiKey: [] }],
  paths: {
    '/v1/orders': {
      post: {
        operationId: 'placeOrder',
        summary: 'Place an order',
        parameters: [
          ...COMMON,
          ...TRACE,
          parameter('header', 'Idempotency-Key', text, 'May be sent; has to be the externalOrderId, bare or quoted.'),
        ],
        requestBody: {
          required: true,
          description: 'At most 64 KiB; a key may stand once in an object.',
          content: { 'application/json': { schema: ref('OrderRequest'), example: EXAMPLE } },
        },
        responses: {
          200: answer(
            'The same order was placed before; nothing was written.',
            'application/json',
            ref('Order'),
            'Location',
            'Idempotent-Replayed',
          ),
          201: answer('Accepted and stored.', 'application/json', ref('Order'), 'Location'),
          ...problems(400, 401, 409, 413, 415, 422, 429, 503),
        },
      },
      get: {
        operationId: 'listOrders',
        summary: 'List your orders, newest first',
        parameters: [...COMMON, ...queryParameters()],
        responses: { 200: answer('One page.', 'application/json', ref('OrderPage')), ...problems(401, 422, 429, 503) },
      },
    },
    '/v1/orders/batch': {
      post: {
        operationId: 'placeOrders',
        summary: 'Place many orders',
        description:
          'One order a line in, one outcome a line out, in the same order. A bad line fails alone. Each line costs one token of the rate limit.',
        parameters: [...COMMON, ...TRACE],
        requestBody: {
          required: true,
          description: 'At most 1 000 lines, 64 KiB a line and 4 MiB together.',
          content: { 'application/x-ndjson': { schema: ref('OrderRequest'), examples: { two: { value: BATCH_EXAMPLE } } } },
        },
        responses: {
          200: answer('One outcome a line.', 'application/x-ndjson', ref('BatchOutcome')),
          ...problems(400, 401, 413, 415, 429, 503),
        },
      },
    },
    '/v1/orders/{orderId}': {
      get: {
        operationId: 'getOrder',
        summary: 'Get one of your orders',
        parameters: [...COMMON, parameter('path', 'orderId', text, 'As it was answered when the order was placed.')],
        responses: { 200: answer('The order.', 'application/json', ref('Order')), ...problems(401, 404, 429, 503) },
      },
    },
  },
  components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } }, headers, schemas },
}
