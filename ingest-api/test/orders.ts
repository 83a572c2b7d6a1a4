// Order bodies for tests.
import { randomUUID } from 'node:crypto'

export const LINE = { sku: 'FUR-CH-100', category: 'Chairs', quantity: 2, unitPriceMinor: 19_990 }

export type Body = { externalOrderId: string; currency: string; lines: unknown[]; placedAt?: string }

/** A valid order nobody has placed yet. */
export const newOrder = (extra: Partial<Body> & Record<string, unknown> = {}): Body => ({
  externalOrderId: randomUUID(),
  currency: 'USD',
  lines: [LINE],
  ...extra,
})
