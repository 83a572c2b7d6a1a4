// What the services say of themselves on their ops ports.
import { stack } from './stack.ts'
import { until } from './until.ts'

const OPS = [stack.ingestApiOps, stack.aggregatorOps, stack.forecasterOps, stack.replayerOps]

/** Undefined when nothing answers. */
export async function isReady(ops: string): Promise<boolean | undefined> {
  const answer = await fetch(`${ops}/readyz`, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined)
  return answer?.ok
}

export const untilNotReady = (ops: string, timeoutMs = 30_000) =>
  until(async () => (await isReady(ops)) === false, { what: `${ops} says that it is not ready`, timeoutMs })

export async function allReady(): Promise<void> {
  for (const ops of OPS) await until(async () => await isReady(ops), { what: `${ops} is ready again`, timeoutMs: 60_000 })
}
