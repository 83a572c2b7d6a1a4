// Listening apart from the app; closing answers what is in flight and tells keep-alive clients to go.

import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Listening = { server: Server; port: number; close(): Promise<void> }

/** Starts listening; `close` stops intake, waits for the requests in flight and then for their connections. */
export async function listen(handler: RequestListener, { host, port }: { host: string; port: number }): Promise<Listening> {
  let closing = false
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }, (req, res) => {
    if (closing) res.setHeader('Connection', 'close')
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
      return closed
    },
  }
}
