// A merchant's own orders, read by its primary key.
import type pg from 'pg'
import { unavailableFrom } from '#database/errors'
import type { OrderReader } from './find-orders.ts'
import type { OrderRow } from './postgres-rows.ts'
import { ORDER_COLUMNS, orderOf } from './postgres-rows.ts'

/** Reads orders from the pool's database. Its methods throw Unavailable. */
export function postgresOrderReader(pool: pg.Pool): OrderReader {
  const read = async (where: string, values: unknown[]) => {
    try {
      return (await pool.query<OrderRow>(`select ${ORDER_COLUMNS} from orders where merchant_id = $1 and ${where}`, values)).rows.map(
        orderOf,
      )
    } catch (error) {
      throw unavailableFrom(error)
    }
  }
  return {
    byId: async (merchantId, orderId) => (await read('id = $2', [merchantId, orderId]))[0],
    list: (merchantId, limit, startingAfter) =>
      startingAfter === undefined
        ? read('true order by id desc limit $2', [merchantId, limit])
        : read('id < $2 order by id desc limit $3', [merchantId, startingAfter, limit]),
  }
}
