// HTTP by hand, for what no client would send.
import type { Socket } from 'node:net'
import { connect } from 'node:net'

export type RawAnswer = { status: number; headers: Headers; text: string }

/** Opens a connection, lets `talk` write to it, and gives everything that came back until the server closed it. */
export async function talkTo(port: number, talk: (socket: Socket) => void): Promise<RawAnswer[]> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  // Reset by a server that has no more to say: what came before it counts.
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  const over = new Promise<void>((resolve) => {
    socket.once('end', resolve)
    socket.once('close', () => resolve())
  })
  talk(socket)
  await over
  socket.destroy()
  return answersIn(Buffer.concat(chunks))
}

/** Answers with a Content-Length or none at all, one after the other; one in chunks is the last, as it came. */
function answersIn(bytes: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let rest = bytes; rest.length > 0; ) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) throw new Error(`this is no answer: ${rest.toString('latin1').slice(0, 200)}`)
    const [first = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n')
    const headers = new Headers(
      lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
    )
    const length = headers.has('transfer-encoding') ? rest.length : Number(headers.get('content-length') ?? 0)
    const status = Number(first.split(' ')[1])
    const text = rest.subarray(end + 4, end + 4 + length).toString('utf8')
    if (status !== 100) answers.push({ status, headers, text })
    rest = rest.subarray(end + 4 + length)
  }
  return answers
}
