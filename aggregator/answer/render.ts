// JSON and CSV with exact integers: amounts are never rounded on their way out.

declare global {
  interface JSON {
    /** ES2025; not in TypeScript's library yet. */
    rawJSON(text: string): unknown
  }
}

/** JSON in which a bigint is a number of all its digits; beyond 2^53 the reader needs a parser that keeps them. */
export function json(value: unknown): string {
  return JSON.stringify(value, (_key, field) => (typeof field === 'bigint' ? JSON.rawJSON(String(field)) : field))
}

/** RFC 4180 with a header line. */
export function csv(columns: readonly string[], rows: readonly Record<string, unknown>[]): string {
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))].map((fields) => `${fields.map(quoted).join()}\r\n`).join('')
}

function quoted(field: unknown): string {
  const text = String(field)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
