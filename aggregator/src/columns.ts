// Cells and places as whole columns, the way the store takes them.
import type { Cell } from './bucket.ts'
import type { Place } from './settle-slices.ts'

/** Columns minute, series, orders, units, revenue. @throws RangeError where a typed array would drop the upper bits in silence */
export function cellColumns(cells: readonly Cell[], seriesIds: readonly number[]) {
  const minutes = new Int32Array(cells.length)
  const [orders, units, revenue] = [new BigInt64Array(cells.length), new BigInt64Array(cells.length), new BigInt64Array(cells.length)]
  for (const [index, cell] of cells.entries()) {
    minutes[index] = cell.minute
    orders[index] = BigInt(cell.orders)
    units[index] = BigInt(cell.units)
    revenue[index] = checked(cell)
  }
  return [minutes, Int32Array.from(seriesIds), orders, units, revenue]
}

function checked({ category, currency, revenueMinor }: Cell): bigint {
  if (BigInt.asIntN(64, revenueMinor) === revenueMinor) return revenueMinor
  throw new RangeError(`a revenue of ${revenueMinor} does not fit in 64 bits (${category}, ${currency})`)
}

/** Columns event id, partition, offset. */
export function placeColumns(places: readonly Place[]) {
  const [ids, partitions, offsets] = [new BigInt64Array(places.length), new Int32Array(places.length), new BigInt64Array(places.length)]
  for (const [index, { eventId, partition, offset }] of places.entries()) {
    ids[index] = eventId
    partitions[index] = partition
    offsets[index] = offset
  }
  return [ids, partitions, offsets]
}
