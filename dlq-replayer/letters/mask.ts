// Customer-looking fields are masked in whatever is shown, unless an engineer asks otherwise.
import { formatRfc3339 } from '@tally/platform/process/time'

const CUSTOMER_FIELDS = /^(externalOrderId|merchantId|.*(name|email|phone|address|iban|card).*)$/i
/** Names of fields in epoch microseconds. */
const INSTANTS = /(At|Start|^asOf|^start|^end)$/
const YEAR_9999 = 253_370_764_800_000_000n
const SHOWN = 2

/** The first two characters, then stars. */
export const maskText = (text: string): string => `${text.slice(0, SHOWN)}***`

/** A copy of a decoded value as plain JSON (bigint as decimal text, instants as RFC 3339), customer-looking fields masked. */
export function maskedValue(value: unknown, unmask: boolean, name = ''): unknown {
  if (typeof value === 'bigint') return INSTANTS.test(name) && value >= 0n && value < YEAR_9999 ? formatRfc3339(value) : String(value)
  if (Array.isArray(value)) return value.map((entry) => maskedValue(entry, unmask))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]) => [
      field,
      !unmask && CUSTOMER_FIELDS.test(field) && inner !== null ? maskText(String(inner)) : maskedValue(inner, unmask, field),
    ]),
  )
}

/** An error's message, what it quotes masked: quotes are where values get into messages. */
export const maskedMessage = (message: string, unmask: boolean): string =>
  unmask ? message : message.replace(/"[^"]*"|'[^']*'/g, (quoted) => `${quoted[0]}***${quoted[0]}`)

/** Bytes as hex: the frame (5 bytes) only, since the rest may be anybody's. */
export function maskedBytes(value: Buffer | null, unmask: boolean): string {
  if (value === null) return 'no value'
  const shown = unmask ? 32 : 5
  const rest = value.length > shown ? `… (${value.length} bytes)` : ''
  return `0x${value.subarray(0, shown).toString('hex')}${rest}`
}
