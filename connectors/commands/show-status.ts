// What runs, what does not and why, and whether the way from the outbox is whole.
import { Unavailable } from '@tally/platform/process/errors'
import { captureText } from '#capture/capture'
import { type Capture, NO_OFFSETS, readCapture } from '#capture/read-capture'
import { type ConnectorStatus, isRunning, statusText } from '#connect/status'
import { type Command, unknown } from './command.ts'

/** Every connector of the cluster and of this checkout. 1 when anything is not RUNNING, or the way to it is broken. */
export const statusAll: Command = async (context) => {
  const { connect, connectors, print, json, verbose, capture } = context
  const others = await unknown(context)
  const found: (ConnectorStatus & { capture?: Capture })[] = []
  let ok = true
  for (const name of [...connectors.map((connector) => connector.name), ...others]) {
    const status = await connect.status(name)
    ok &&= status !== undefined && isRunning(status)
    if (!json) print(status === undefined ? `${name.padEnd(20)} MISSING    create it: make connect-apply` : statusText(status, verbose))
    if (!json && others.includes(name)) print('  not in this checkout')
    const own = connectors.find((connector) => connector.name === name)
    const tellAway = (error: unknown, what = ''): undefined => {
      const text = what + awayText(error)
      ok = false
      if (!json) print(`  ${text}`)
    }
    const stored = { offsets: () => connect.offsets(name).catch((error: unknown) => tellAway(error, NO_OFFSETS)) }
    const looked = own && capture && (await readCapture(name, own.config, capture, stored).catch((error: unknown) => tellAway(error)))
    if (status) found.push({ ...status, ...(looked && { capture: looked }) })
    if (looked === undefined) continue
    ok &&= looked.problems.length === 0
    if (!json) print(captureText(looked.facts, looked.offset, looked.problems))
  }
  if (json) print(JSON.stringify({ ok, connectors: found }, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
  return ok ? 0 : 1
}

/** What the one answers is worth showing while the other is away: Connect, the database, and Kafka behind Connect. */
function awayText(error: unknown): string {
  if (error instanceof Unavailable) return error.message
  throw error
}
