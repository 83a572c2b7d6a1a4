// A wire that can be cut: open sockets stay open and nothing gets through, until it is mended and everything goes on.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

const LOOPBACK = '127.0.0.1'

export type TcpProxy = {
  port: number
  /** Where connections are led on to. */
  leadTo(port: number): void
  cut(): void
  mend(): void
  close(): Promise<void>
}

export async function tcpProxy(): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let isCut = false
  let target = 0

  const server = createServer((near) => {
    const far = connect(target, LOOPBACK)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('data', (bytes) => {
        if (!to.write(bytes)) from.pause()
      })
      to.on('drain', () => isCut || from.resume())
      from.on('end', () => to.end())
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      if (isCut) from.pause()
    }
  })
  server.listen(0, LOOPBACK)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    leadTo(port) {
      target = port
    },
    cut() {
      isCut = true
      for (const socket of sockets) socket.pause()
    },
    mend() {
      isCut = false
      for (const socket of sockets) socket.resume()
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
