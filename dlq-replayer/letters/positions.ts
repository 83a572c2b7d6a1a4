// Sets of positions in a partitioned topic, as disjoint half-open ranges: a million letters in a row are one range.

/** Offsets [from, next) of one partition. */
export type Range = { partition: number; from: bigint; next: bigint }

export type Place = { partition: number; offset: bigint }

export type Positions = Map<number, { from: bigint; next: bigint }[]>

/** Adds [from, next); ranges that touch become one. Adding in order costs nothing. */
export function addPositions(positions: Positions, partition: number, from: bigint, next: bigint = from + 1n): void {
  const ranges = positions.get(partition) ?? []
  positions.set(partition, ranges)
  const last = ranges.at(-1)
  if (last === undefined || from > last.next) {
    ranges.push({ from, next })
    return
  }
  if (from >= last.from) {
    if (next > last.next) last.next = next
    return
  }
  const first = indexOf(ranges, from)
  let behind = first
  while (behind < ranges.length && (ranges[behind]?.from ?? 0n) <= next) behind += 1
  const touched = ranges.slice(first, behind)
  const start = touched[0]?.from ?? from
  const end = touched.at(-1)?.next ?? next
  const merged = { from: start < from ? start : from, next: end > next ? end : next }
  ranges.splice(first, touched.length, merged)
}

/** Takes [from, next) out. */
export function removePositions(positions: Positions, { partition, from, next }: Range): void {
  const ranges = positions.get(partition) ?? []
  const first = indexOf(ranges, from + 1n)
  let behind = first
  while (behind < ranges.length && (ranges[behind]?.from ?? next) < next) behind += 1
  const touched = ranges.slice(first, behind)
  const [start, end] = [touched[0]?.from ?? from, touched.at(-1)?.next ?? next]
  const rest = [
    { from: start, next: from },
    { from: next, next: end },
  ]
  ranges.splice(first, touched.length, ...rest.filter(({ from, next }) => from < next))
}

/** Index of the first range that ends at or behind the offset. */
function indexOf(ranges: { from: bigint; next: bigint }[], offset: bigint): number {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.next ?? 0n) < offset) low = middle + 1
    else high = middle
  }
  return low
}

export const hasPosition = (positions: Positions, partition: number, offset: bigint): boolean =>
  coversRange(positions, { partition, from: offset, next: offset + 1n })

/** Whether every offset of the range is in. */
export function coversRange(positions: Positions, { partition, from, next }: Range): boolean {
  const ranges = positions.get(partition) ?? []
  const range = ranges[indexOf(ranges, from + 1n)]
  return range !== undefined && range.from <= from && next <= range.next
}

export function countPositions(positions: Positions): number {
  return sizeOf(positionRanges(positions))
}

/** All ranges, by partition and offset. */
export function positionRanges(positions: Positions): Range[] {
  return [...positions]
    .sort(([a], [b]) => a - b)
    .flatMap(([partition, ranges]) => ranges.map(({ from, next }) => ({ partition, from, next })))
}

export function positionsOf(ranges: Range[]): Positions {
  const positions: Positions = new Map()
  addRanges(positions, ranges)
  return positions
}

export function addRanges(positions: Positions, ranges: Range[]): void {
  for (const { partition, from, next } of ranges) addPositions(positions, partition, from, next)
}

export function addPlaces(positions: Positions, places: Iterable<Place>): void {
  for (const { partition, offset } of places) addPositions(positions, partition, offset)
}

/** The part of a range that is, or is not, among the positions. */
export function split(range: Range, positions: Positions): { inside: Range[]; outside: Range[] } {
  const { partition, from, next } = range
  const [inside, outside]: [Range[], Range[]] = [[], []]
  let at = from
  const ranges = positions.get(partition) ?? []
  for (let i = indexOf(ranges, from + 1n); i < ranges.length; i += 1) {
    const known = ranges[i]
    if (known === undefined || known.from >= next) break
    if (at < known.from) {
      outside.push({ partition, from: at, next: known.from })
      at = known.from
    }
    const whole = { partition, from: at, next: known.next }
    inside.push(known.next <= next ? whole : { ...whole, next })
    at = known.next
  }
  if (at < next) outside.push({ partition, from: at, next })
  return { inside, outside }
}

export const sizeOf = (ranges: Range[]): number => ranges.reduce((sum, { from, next }) => sum + Number(next - from), 0)

/** Every offset of the ranges that is not among the positions. */
export const missingFrom = (ranges: Range[], positions: Positions): Range[] => ranges.flatMap((range) => split(range, positions).outside)

/** The positions cut into lists of ranges: the first holds `first` positions (none when 0), the others `size` each. */
export function cutPositions(positions: Positions, first: number, size: number): Range[][] {
  const cuts: Range[][] = []
  let cut: Range[] = []
  let room = first > 0 ? first : size
  for (const range of positionRanges(positions)) {
    let { from } = range
    while (from < range.next) {
      const next = from + BigInt(room) < range.next ? from + BigInt(room) : range.next
      cut.push({ partition: range.partition, from, next })
      room -= Number(next - from)
      from = next
      if (room === 0) {
        cuts.push(cut)
        cut = []
        room = size
      }
    }
  }
  if (cut.length > 0) cuts.push(cut)
  return cuts
}
