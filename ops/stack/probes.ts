// Is it ready? Each asks the way a client would, once, and says why not.
import { connect } from 'node:net'

const TIMEOUT_MS = 2_000

/** GET answers with 2xx. */
export async function httpProbe(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const body = await answer.text()
    return answer.ok ? undefined : `${url} answered ${answer.status}${reasons(body)}`
  } catch (error) {
    return `${url} does not answer (${cause(error)})`
  }
}

/** What /readyz says is not ready. */
function reasons(body: string): string {
  try {
    const { checks } = JSON.parse(body) as { checks: Record<string, { ok: boolean; why?: string }> }
    const failing = Object.entries(checks).filter(([, { ok }]) => !ok)
    return failing.map(([name, { why }]) => `, ${name}: ${why}`).join('')
  } catch {
    return ''
  }
}

/** Sends `request` and lets `answered` judge the first bytes that come back. */
export function tcpProbe(port: number, request: Buffer, answered: (answer: Buffer) => string | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: TIMEOUT_MS })
    const done = (why: string | undefined) => {
      socket.destroy()
      resolve(why)
    }
    socket.on('connect', () => socket.write(request))
    socket.once('data', (answer) => done(answered(answer)))
    socket.on('timeout', () => done(`port ${port} is open but does not answer`))
    socket.on('end', () => done(`port ${port} closed the connection`))
    socket.on('error', (error) => done(`port ${port} does not answer (${cause(error)})`))
  })
}

function cause(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const { code, message } = inner as NodeJS.ErrnoException
  return code ?? message
}
