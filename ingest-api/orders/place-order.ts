// Places one order: everything that can be wrong with it is found here, before it is written together with others.

import { invalidFields, Problem, unavailable } from '@tally/platform/http/problem'
import type { Clock } from '@tally/platform/process/clock'
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'
import type { Order, OrderRequest } from './order.ts'
import { acceptOrder, canonicalContent, orderPlaced } from './order.ts'
import type { Parsed } from './order-request.ts'
import type { Trace } from './trace-context.ts'

/** An order and its event, to be written as one. */
export type NewOrder = { order: Order; content: string; event: { eventId: bigint; payload: Buffer; trace: Trace } }

/** `repeated`: the same was placed before, `order` is that one. `conflict`: something else was. */
export type Placed = { outcome: 'created' | 'repeated' | 'conflict'; order: Order }

export type Orders = {
  /** Resolves once it is committed. @throws Unavailable */
  place(order: NewOrder): Promise<Placed>
}

export type PlaceOrder = (ask: {
  merchantId: bigint
  body: unknown
  idempotencyKey: string | undefined
  trace: Trace
}) => Promise<{ repeated: boolean; order: Order }>

/** What was placed before under the externalOrderId, if anything. @throws Unavailable */
export type EarlierOrder = (merchantId: bigint, externalOrderId: string, content: string) => Promise<Placed | undefined>

type Needs = {
  orders: Orders
  earlier: EarlierOrder
  parse: (body: unknown) => Parsed<OrderRequest>
  nextId: () => bigint
  encode: (event: OrderPlaced) => Buffer
  clock: Clock
  /** Why no order is taken right now, if so. */
  shedding: () => string | undefined
}

const SHED_RETRY_SECONDS = 10

/** The use case. @throws Problem (400, 409, 422), Unavailable */
export function placeOrder({ orders, earlier, parse, nextId, encode, clock, shedding }: Needs): PlaceOrder {
  return async ({ merchantId, body, idempotencyKey, trace }) => {
    const why = shedding()
    if (why !== undefined) throw unavailable(why, SHED_RETRY_SECONDS)
    const parsed = parse(body)
    const request = parsed.ok ? parsed.value : parsed.tooOld
    if (request === undefined) throw invalidFields(faultsOf(parsed))
    if (idempotencyKey !== undefined) checkIdempotencyKey(idempotencyKey, request.externalOrderId)
    const content = canonicalContent(request)
    const placed = parsed.ok ? await place(request, content) : await earlier(merchantId, request.externalOrderId, content)
    // Too old to be placed now; what was placed in time may be repeated for ever.
    if (placed === undefined) throw invalidFields(faultsOf(parsed))
    if (placed.outcome === 'conflict') throw conflict(placed.order)
    return { repeated: placed.outcome === 'repeated', order: placed.order }

    function place(request: OrderRequest, content: string): Promise<Placed> {
      const order = acceptOrder(request, merchantId, nextId(), BigInt(clock.now()) * 1000n)
      return orders.place({ order, content, event: { eventId: nextId(), payload: encode(orderPlaced(order)), trace } })
    }
  }
}

const faultsOf = (parsed: Parsed<OrderRequest>) => (parsed.ok ? [] : parsed.faults)

/** The header may be sent bare or quoted; externalOrderId is what makes an order one. */
function checkIdempotencyKey(key: string, externalOrderId: string): void {
  if (key === externalOrderId || key === `"${externalOrderId}"`) return
  throw new Problem(
    400,
    'idempotency-key-mismatch',
    'Idempotency-Key differs from externalOrderId',
    'The order is identified by externalOrderId: send the same as Idempotency-Key, or leave the header out.',
  )
}

const conflict = ({ externalOrderId, orderId }: Order) =>
  new Problem(
    409,
    'order-conflict',
    'Another order has this externalOrderId',
    `externalOrderId "${externalOrderId}" was placed before with other content, as order ${orderId}. Nothing was changed.`,
  )
