// What every connector command is given, and what it answers.
import type { Clock } from '@tally/platform/process/clock'
import type { CapturePort } from '#capture/read-capture'
import type { Connector } from '#connect/connector'
import type { Connectors } from '#connect/connectors'

export type Context = {
  connect: Connectors
  connectors: Connector[]
  /** Names of all connectors in this checkout, also of those the command is not about. */
  known: string[]
  clock: Clock
  print(line: string): void
  waitTimeoutMs: number
  json: boolean
  verbose: boolean
  /** Deletes live connectors that this checkout does not know. */
  prune: boolean
  /** Looks at slot, publication and heartbeat; undefined where the database is not to be asked. */
  capture: CapturePort | undefined
}

/** Tells what it did; the answer is the exit code. */
export type Command = (context: Context) => Promise<number>

/** Names of live connectors that this checkout does not know. */
export async function unknown({ connect, known }: Pick<Context, 'connect' | 'known'>): Promise<string[]> {
  return (await connect.names()).filter((name) => !known.includes(name))
}
