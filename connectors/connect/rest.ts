// Kafka Connect by its REST API: every fault is either "away, try again" or a message with the next command.
import { type Clock, systemClock } from '@tally/platform/process/clock'
import { StopProcess, Unavailable } from '@tally/platform/process/errors'
import { whileUnavailable } from '@tally/platform/process/retry'

export type ConnectRest = {
  /**
   * The answer's JSON; undefined when there is nothing at the path.
   * @throws Unavailable (Connect away, or rebalancing for too long), StopProcess (the request was refused)
   */
  ask(method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>
}

type Options = {
  timeoutMs?: number
  /** How long a rebalance is waited for, with jittered back-off. That Connect is away is told at once. */
  rebalanceMs?: number
  clock?: Clock
}

type Answer = { status: number; text: string; message: string }

/** @param url base of the REST API, e.g. http://127.0.0.1:8083 */
export function connectRest(url: string, { timeoutMs = 20_000, rebalanceMs = 20_000, clock = systemClock }: Options = {}): ConnectRest {
  return {
    async ask(method, path, body) {
      const answer = await afterRebalance(() => send(method, path, body))
      if (answer instanceof Unavailable) throw answer
      const { status, text, message } = answer
      if (status === 404) return undefined
      if (status >= 500 && /timed out|rebalanc|starting/i.test(message))
        throw new Unavailable(`Kafka Connect at ${url} is not able to answer now: ${message}`)
      if (status >= 400)
        throw new StopProcess(
          `Kafka Connect at ${url} refused ${method} ${path} (${status}): ${message}\nThe worker log says more: make logs S=connect`,
        )
      return text === '' ? {} : JSON.parse(text)
    },
  }

  /** The first answer that is no 409; an Unavailable that is not about a rebalance is an answer too. */
  function afterRebalance(ask: () => Promise<Answer | Unavailable>): Promise<Answer | Unavailable> {
    return whileUnavailable(
      async () => {
        const answer = await ask()
        if (answer instanceof Unavailable || answer.status !== 409) return answer
        throw new Unavailable(`Kafka Connect at ${url} is rebalancing: ${answer.message}. It takes seconds: try again.`)
      },
      { deadlineMs: rebalanceMs, clock },
    )
  }

  async function send(method: string, path: string, body: unknown): Promise<Answer | Unavailable> {
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        signal: AbortSignal.timeout(timeoutMs),
        ...(body !== undefined && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, text, message: messageOf(text) }
    } catch (error) {
      const why = error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error)
      return new Unavailable(
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
