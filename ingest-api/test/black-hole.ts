// A way to the database that can be made to swallow everything, as a host that is gone does.
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

export type BlackHole = {
  /** The URL, by way of it. */
  url: string
  /** From now on nothing comes through, old connections included. */
  swallow(): void
  /** What new connections have said since then, to nobody. */
  heard(): string
  /** New connections work again; the old ones are gone. */
  open(): void
  close(): Promise<void>
}

/** Listens on a free port and passes everything on, at first. */
export async function blackHole(databaseUrl: string): Promise<BlackHole> {
  const url = new URL(databaseUrl)
  const target = { host: url.hostname, port: Number(url.port) }
  const pairs = new Set<Socket[]>()
  let swallowing = false
  let heard = ''
  const server = createServer((near) => {
    if (swallowing) {
      pairs.add([near])
      near.on('error', () => {}).on('data', (bytes) => (heard += bytes.toString('latin1')))
      return
    }
    const far = connect(target)
    pairs.add([near, far])
    for (const socket of [near, far]) socket.on('error', () => {})
    near.pipe(far)
    far.pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  function end(): void {
    for (const socket of [...pairs].flat()) socket.destroy()
    pairs.clear()
  }
  return {
    url: url.href,
    swallow() {
      swallowing = true
      for (const [near, far] of pairs) {
        if (far) near?.unpipe(far)
        if (near) far?.unpipe(near)
      }
    },
    heard: () => heard,
    open() {
      swallowing = false
      heard = ''
      end()
    },
    close() {
      end()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
