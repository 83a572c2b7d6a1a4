// RFC 3339 times at the edge, epoch microseconds inside.

const FORMAT = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** Epoch microseconds of an RFC 3339 time; digits beyond microseconds are cut off. Undefined: not such a time. */
export function parseRfc3339(text: string): bigint | undefined {
  const match = FORMAT.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  const [fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = match.slice(7)
  if (hour > 23 || minute > 59 || second > 59 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  const offsetMinutes = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -1 : 1)
  const ms = date.setUTCHours(hour, minute - offsetMinutes, second)
  return BigInt(ms) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'))
}

/** The time in UTC: `2026-11-24T08:00:00Z`, with three or six digits of fraction where there is one. */
export function formatRfc3339(micros: bigint): string {
  const rest = Number(((micros % 1000n) + 1000n) % 1000n)
  const text = new Date(Number((micros - BigInt(rest)) / 1000n)).toISOString()
  if (rest > 0) return `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z`
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text
}
