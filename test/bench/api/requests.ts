// Requests of the benchmark: every order is new, with a random externalOrderId and one to three lines.
import { randomBytes } from 'node:crypto'

const CATEGORIES = ['Chairs', 'Tables', 'Binders', 'Paper', 'Phones', 'Storage', 'Art', 'Labels']

/** Random ids are made in bulk: the generator shares the machine. */
function ids(): () => string {
  let pool = ''
  let at = 0
  return () => {
    if (at >= pool.length) {
      pool = randomBytes(16 * 512).toString('hex')
      at = 0
    }
    at += 32
    return pool.slice(at - 32, at)
  }
}

const nextId = ids()

const lineOf = (n: number, k: number) =>
  `{"sku":"FUR-CH-${1000 + ((n * 7 + k) % 9000)}","category":"${CATEGORIES[(n + k) % CATEGORIES.length]}","quantity":${1 + ((n + k) % 9)},"unitPriceMinor":${199 + 37 * ((n * 13 + k) % 101)}}`

function orderText(n: number): string {
  const lines = Array.from({ length: 1 + (n % 3) }, (_, k) => lineOf(n, k))
  return `{"externalOrderId":"${nextId()}","currency":"USD","lines":[${lines.join(',')}]}`
}

function requestText(path: string, type: string, apiKey: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${apiKey}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

/** The n-th request: one order, or a batch of `lines` where that is more than one. */
export function requestFor(apiKey: string, n: number, lines: number): string {
  if (lines === 1) return requestText('/v1/orders', 'application/json', apiKey, orderText(n))
  const body = Array.from({ length: lines }, (_, k) => `${orderText(n * lines + k)}\n`).join('')
  return requestText('/v1/orders/batch', 'application/x-ndjson', apiKey, body)
}
