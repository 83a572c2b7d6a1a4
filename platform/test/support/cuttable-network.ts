// Sockets of one client that can be cut (closed, new ones refused) or silenced (open, but nothing gets through either way).
import { connect, Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'

export function cuttableNetwork() {
  const sockets = new Set<Socket>()
  let state: 'up' | 'cut' | 'silent' = 'up'

  function open(host: string, port: number, onConnect: () => void): Socket {
    if (state === 'up') return connect({ host, port }, onConnect)
    const dead = new Socket()
    if (state === 'cut') setImmediate(() => dead.destroy(new Error('cut')))
    return dead
  }

  const socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
    const socket = open(host, port, onConnect)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const closeAll = () => {
    for (const socket of sockets) socket.destroy(new Error('reset'))
  }
  return {
    socketFactory,
    cut() {
      state = 'cut'
      closeAll()
    },
    silence() {
      state = 'silent'
      for (const socket of sockets) {
        socket.pause()
        socket.write = () => true
      }
    },
    /** What was silenced is reset, as by a network that forgot it. */
    heal() {
      const wasSilent = state === 'silent'
      state = 'up'
      if (wasSilent) closeAll()
    },
  }
}
