// Listening apart from the app; closing answers what is in flight and tells keep-alive clients to go.

import type { RequestListener, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server as NetServer } from 'node:net'
import { answerUnreadable } from './http-unreadable.ts'

export type Listening = { server: Server; port: number; close(): Promise<void> }

/** How long a closing server still answers on open connections: a request may be on its way when closing begins. */
const LINGER_MS = 300

/** How long a request may take to arrive: its headers, and all of it. What takes longer is answered 408 within a second. */
export type ArrivalTimes = { headersMs: number; requestMs: number }

const ARRIVAL: ArrivalTimes = { headersMs: 10_000, requestMs: 30_000 }

/** Starts listening; `close` stops intake, waits for the requests in flight and then for their connections. */
export async function listen(
  handler: RequestListener,
  { host, port, arrival = ARRIVAL }: { host: string; port: number; arrival?: ArrivalTimes },
): Promise<Listening> {
  let closing = false
  let lingered = false
  const underWay = new Set<ServerResponse>()
  const times = { requestTimeout: arrival.requestMs, headersTimeout: arrival.headersMs, keepAliveTimeout: 65_000 }
  const server = createServer({ ...times, connectionsCheckingInterval: Math.min(1_000, arrival.headersMs) }, (req, res) => {
    if (closing) res.setHeader('Connection', 'close')
    underWay.add(res)
    res.once('close', () => {
      underWay.delete(res)
      // An answer begun before the closing did not tell its client to close.
      if (lingered) setImmediate(() => server.closeIdleConnections())
    })
    handler(req, res)
  })
  server.on('clientError', answerUnreadable)
  // A client that has said all may close its side and still wants its answer; Node would drop both.
  Object.assign(server, { httpAllowHalfOpen: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async close() {
      closing = true
      for (const res of underWay) if (!res.headersSent) res.setHeader('Connection', 'close')
      // The HTTP server's own close() would cut idle connections at once, and with them requests that are on their way.
      const closed = new Promise<void>((resolve, reject) =>
        NetServer.prototype.close.call(server, (error) => (error ? reject(error) : resolve())),
      )
      const linger = setTimeout(() => {
        lingered = true
        server.closeIdleConnections()
      }, LINGER_MS)
      await closed
      clearTimeout(linger)
      server.close()
    },
  }
}
