// Kafka Connect by its REST API: every fault is either "away, try again" or a message with the next command.
import { StopProcess, Unavailable } from '@tally/platform/errors'

export type ConnectRest = {
  /**
   * The answer's JSON; undefined when there is nothing at the path.
   * @throws Unavailable (Connect away, or rebalancing), StopProcess (the request was refused)
   */
  ask(method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>
}

/** @param url base of the REST API, e.g. http://127.0.0.1:8083 */
export function connectRest(url: string, timeoutMs = 20_000): ConnectRest {
  return {
    async ask(method, path, body) {
      const { status, text } = await send(method, path, body)
      if (status === 404) return undefined
      const message = messageOf(text)
      if (status === 409) throw new Unavailable(`Kafka Connect at ${url} is rebalancing: ${message}. It takes seconds: try again.`)
      if (status >= 500 && /timed out|rebalanc|starting/i.test(message))
        throw new Unavailable(`Kafka Connect at ${url} is not able to answer now: ${message}`)
      if (status >= 400)
        throw new StopProcess(
          `Kafka Connect at ${url} refused ${method} ${path} (${status}): ${message}\nThe worker log says more: make logs S=connect`,
        )
      return text === '' ? {} : JSON.parse(text)
    },
  }

  async function send(method: string, path: string, body: unknown): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        signal: AbortSignal.timeout(timeoutMs),
        ...(body !== undefined && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
      })
      return { status: response.status, text: await response.text() }
    } catch (error) {
      const why = error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error)
      throw new Unavailable(
        `Kafka Connect at ${url} does not answer: ${why}.\nIs it running? make status; its log: make logs S=connect; start it: make start S=connect`,
        { cause: error },
      )
    }
  }
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: string }
    return message ?? text.slice(0, 300)
  } catch {
    return text.slice(0, 300)
  }
}
