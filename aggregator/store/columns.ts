// Cells and places as whole columns, the way the store takes them.
import type { Cell } from '#count/bucket'
import type { Place } from '#count/settle-slices'

/** Columns revision, minute, series, orders, units, revenue. @throws RangeError where a typed array would drop the upper bits in silence */
export function cellColumns(revision: bigint, cells: readonly Cell[], seriesIds: readonly number[]) {
  const { length } = cells
  const minutes = new Int32Array(length)
  const [orders, units, revenue] = [new BigInt64Array(length), new BigInt64Array(length), new BigInt64Array(length)]
  for (let index = 0; index < length; index += 1) {
    const cell = cells[index] as Cell
    minutes[index] = cell.minute
    orders[index] = BigInt(cell.orders)
    units[index] = BigInt(cell.units)
    revenue[index] = checked(cell)
  }
  return [new BigInt64Array(length).fill(revision), minutes, Int32Array.from(seriesIds), orders, units, revenue]
}

function checked({ category, currency, revenueMinor }: Cell): bigint {
  if (BigInt.asIntN(64, revenueMinor) === revenueMinor) return revenueMinor
  throw new RangeError(`a revenue of ${revenueMinor} does not fit in 64 bits (${category}, ${currency})`)
}

/** Columns event id, partition, offset. */
export function placeColumns(places: readonly Place[]) {
  const [ids, partitions, offsets] = [new BigInt64Array(places.length), new Int32Array(places.length), new BigInt64Array(places.length)]
  for (let index = 0; index < places.length; index += 1) {
    const { eventId, partition, offset } = places[index] as Place
    ids[index] = eventId
    partitions[index] = partition
    offsets[index] = offset
  }
  return [ids, partitions, offsets]
}
