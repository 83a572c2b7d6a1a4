// What never became a request is answered too, as problem+json: broken HTTP, endless headers, a request that does not arrive in time.
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Problem, problemBody } from './problem.ts'

/** Node keeps the answer that is under way here; its own handler of such errors looks at it too. */
type HttpSocket = Socket & { _httpMessage?: ServerResponse | null }

/** For a server's event `clientError`: answers where that is possible, and closes. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: HttpSocket): void {
  const canAnswer = socket.writable && error.code !== 'ECONNRESET' && socket._httpMessage?.headersSent !== true
  if (!canAnswer) return void socket.destroy(error)
  const requestId = randomUUID()
  const problem = problemFor(error.code)
  const body = JSON.stringify(problemBody(problem, '', requestId))
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function problemFor(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Problem(408, 'request-timeout', 'Request too slow', 'The request did not arrive in time. Nothing was done.')
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Problem(431, 'headers-too-large', 'Headers too large', 'The headers of the request are larger than allowed.')
  return new Problem(400, 'bad-request', 'Bad request', 'The request could not be read: it is not valid HTTP.')
}
