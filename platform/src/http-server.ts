// Listening apart from the app; closing answers what is in flight and tells keep-alive clients to go.

import type { RequestListener, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Listening = { server: Server; port: number; close(): Promise<void> }

/** Starts listening; `close` stops intake, waits for the requests in flight and then for their connections. */
export async function listen(handler: RequestListener, { host, port }: { host: string; port: number }): Promise<Listening> {
  let closing = false
  const underWay = new Set<ServerResponse>()
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }, (req, res) => {
    if (closing) res.setHeader('Connection', 'close')
    underWay.add(res)
    res.once('close', () => underWay.delete(res))
    handler(req, res)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close() {
      closing = true
      const closed = new Promise<void>((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())))
      server.closeIdleConnections()
      // Else the connections of these would be kept alive and hold up the closing.
      for (const res of underWay) {
        if (!res.headersSent) res.setHeader('Connection', 'close')
        else res.once('close', () => setImmediate(() => server.closeIdleConnections()))
      }
      return closed
    },
  }
}
