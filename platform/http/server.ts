// Listening apart from the app; closing answers what is in flight and tells keep-alive clients to go.

import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Server as NetServer } from 'node:net'
import { answerUnreadable } from './unreadable.ts'

export type Listening = { server: Server; port: number; close(): Promise<void> }

/** How long a closing server still waits on open connections: a request may be on its way when closing begins. */
const LINGER_MS = 300

/** How long after that a client may take to take its answer. */
const SENDING_MS = 5_000

/** How long a request may take to arrive: its headers, and all of it. What takes longer is answered 408 within a second. */
export type ArrivalTimes = { headersMs: number; requestMs: number }

const ARRIVAL: ArrivalTimes = { headersMs: 10_000, requestMs: 30_000 }

type Options = { host: string; port: number; arrival?: ArrivalTimes; sendingMs?: number }

/** `looks`: how often it was found answered, but not sent. */
type UnderWay = { req: IncomingMessage; looks: number }

/**
 * Starts listening. `close` stops intake, waits for the answers to the requests that have arrived, and for clients to take them;
 * every other connection ends.
 */
export async function listen(
  handler: RequestListener,
  { host, port, arrival = ARRIVAL, sendingMs = SENDING_MS }: Options,
): Promise<Listening> {
  let closing = false
  let lingered = false
  const connections = new Set<Socket>()
  const underWay = new Map<ServerResponse, UnderWay>()
  const times = { requestTimeout: arrival.requestMs, headersTimeout: arrival.headersMs, keepAliveTimeout: 65_000 }
  // Node would refuse a request without Host with an answer that is empty: the handler has better ones.
  const options = { ...times, connectionsCheckingInterval: Math.min(1_000, arrival.headersMs), requireHostHeader: false }
  const take: RequestListener = (req, res) => {
    if (closing) res.setHeader('Connection', 'close')
    underWay.set(res, { req, looks: 0 })
    res.once('close', () => {
      underWay.delete(res)
      // An answer begun before the closing did not tell its client to close.
      if (lingered) setImmediate(endOthers)
    })
    handler(req, res)
  }
  const server = createServer(options, take)
  // What it expects is for the handler to refuse, for the same reason.
  server.on('checkExpectation', take)
  server.on('connection', (socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })

  /** Node's closeIdleConnections takes an answer that is still to be sent for sent, and leaves half a request until its time is over. */
  function endOthers(): void {
    const staying = new Set<Socket>()
    for (const [res, { req, looks }] of underWay)
      if (res.writableEnded ? looks * LINGER_MS <= sendingMs : req.complete) staying.add(req.socket)
    for (const socket of connections) if (!staying.has(socket)) socket.destroy()
  }

  function look(): void {
    lingered = true
    for (const [res, one] of underWay) if (res.writableEnded) one.looks += 1
    endOthers()
  }

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
      for (const res of underWay.keys()) if (!res.headersSent) res.setHeader('Connection', 'close')
      // The HTTP server's own close() would cut idle connections at once, and with them requests that are on their way.
      const closed = new Promise<void>((resolve, reject) =>
        NetServer.prototype.close.call(server, (error) => (error ? reject(error) : resolve())),
      )
      // Behind the I/O of that turn of the loop: what has come while it was busy is read first.
      const looking = setInterval(() => setImmediate(look), LINGER_MS)
      await closed.finally(() => clearInterval(looking))
      server.close()
    },
  }
}
