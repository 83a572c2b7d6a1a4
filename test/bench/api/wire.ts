// HTTP/1.1 on a bare keep-alive socket: the load generator shares the machine with what it measures, so it has to cost little.
import { connect } from 'node:net'

export type Connection = {
  /** Sends one request; `done` gets the status and, for batches, the body. One at a time. */
  send(request: string, done: (status: number, body: string) => void): void
  close(): void
}

const END_OF_HEAD = '\r\n\r\n'
const END_OF_CHUNKS = '\r\n0\r\n\r\n'

/** The length of the answer at the start of the text; undefined while it is not all there. */
function lengthOf(text: string): number | undefined {
  const head = text.indexOf(END_OF_HEAD)
  if (head === -1) return undefined
  const begin = head + END_OF_HEAD.length
  const at = text.indexOf('Content-Length: ')
  if (at !== -1 && at < head) {
    const length = begin + Number.parseInt(text.slice(at + 16, at + 26), 10)
    return text.length >= length ? length : undefined
  }
  return text.endsWith(END_OF_CHUNKS) ? text.length : undefined
}

/** Where every connection reads to: what is read is looked at at once. */
const BUFFER = Buffer.allocUnsafe(64 * 1024)

/** Opens a connection; a failure of it, or an end in the middle of a request, is given to `onFault`. */
export function openConnection(port: number, onFault: (error: Error) => void): Promise<Connection> {
  let received = ''
  let waiting: ((status: number, body: string) => void) | undefined
  let closing = false
  function onRead(bytes: number): boolean {
    // Answers are ASCII here, so characters are bytes.
    const text = BUFFER.toString('latin1', 0, bytes)
    received = received === '' ? text : received + text
    if (lengthOf(received) === undefined) return true
    const answer = received
    const done = waiting
    received = ''
    waiting = undefined
    done?.(Number(answer.slice(9, 12)), answer)
    return true
  }
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer: BUFFER, callback: onRead } })
  socket.on('error', onFault)
  socket.on('close', () => {
    if (!closing) onFault(new Error('the API closed a connection'))
  })
  return new Promise((resolve) => {
    socket.once('connect', () =>
      resolve({
        send(request, done) {
          waiting = done
          socket.write(request, 'latin1')
        },
        close() {
          closing = true
          socket.destroy()
        },
      }),
    )
  })
}
