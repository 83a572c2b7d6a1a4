// The way back when the slot is gone or was moved: a new slot, then everything sent again that may have been missed.
import { StopProcess } from '@tally/platform/errors'
import { formatRfc3339 } from '@tally/platform/rfc3339'
import { firstTsidAt, tsidTime } from '@tally/platform/tsid'
import { type Patience, untilState } from './await-state.ts'
import { needsRecovery } from './capture.ts'
import type { Connector, ConnectorConfig } from './connector.ts'
import { dayOf, type EventRange } from './event-range.ts'
import { type CapturePort, type OffsetsPort, readCapture, wantedOf } from './read-capture.ts'
import { type ConnectorStatus, isRunning } from './status.ts'

/** An order's id is minted before its transaction commits: what was sent last says that much less of what came before. */
const MARGIN_MS = 10 * 60_000

/** Holds the first event of the gap in the live configuration for as long as the gap is not closed. */
const RECOVERING = 'recovering.from'

export type RecoverPorts = {
  connect: OffsetsPort & {
    status(name: string): Promise<ConnectorStatus | undefined>
    config(name: string): Promise<ConnectorConfig | undefined>
    put(connector: Connector): Promise<void>
    stop(name: string): Promise<void>
    resume(name: string): Promise<void>
    resetOffsets(name: string): Promise<void>
  }
  capture: CapturePort & {
    recreateSlot(slot: string): Promise<void>
    /** The newest committed event. */
    newestEvent(): Promise<bigint | undefined>
  }
  /** Days of which the outbox keeps events, such as 20261124, oldest first. */
  days(): Promise<string[]>
  reemit(range: EventRange): Promise<number>
  print(line: string): void
}

/** The first event of a gap that a recovery began to close and did not. */
export const unfinishedRecovery = (live: ConnectorConfig | undefined): bigint | undefined => {
  const from = live?.[RECOVERING]
  return from === undefined ? undefined : BigInt(from)
}

/**
 * Refuses where nothing is lost, and where more is lost than can be sent again. A run that ended half-way is begun again by
 * repeating it. No heartbeat flows until the gap is closed, since asOf would follow it past events that are missing. Whoever
 * calls it keeps partitions from being dropped meanwhile: to the new slot, what is in them is confirmed before it is sent.
 * @param since send again from this id on, whatever the stored offset says
 * @throws StopProcess when there is nothing to recover from, nothing says where the gap begins, or its beginning is not kept
 */
export async function recoverConnector(
  connector: Connector,
  ports: RecoverPorts,
  since: bigint | undefined,
  patience: Patience,
): Promise<void> {
  const { connect, capture, reemit, print } = ports
  const { name, config } = connector
  const from = since ?? (await gapStart(connector, ports))
  if (since === undefined) refuseLoss(name, from, await ports.days(), patience.clock.now())
  const before = await connect.status(name)
  await connect.stop(name)
  const stopped = (status: ConnectorStatus) => status.connector.state === 'STOPPED' && status.tasks.length === 0
  await untilState(connect, name, { reached: stopped, before }, { ...patience, steadyMs: 0 })
  const { 'heartbeat.action.query': _, ...silent } = config
  await connect.put({ name, config: { ...silent, [RECOVERING]: String(from) } })
  await connect.resetOffsets(name)
  print('stopped, its stored offsets are reset')
  const { slot } = wantedOf(config)
  await capture.recreateSlot(slot)
  const to = (await capture.newestEvent()) ?? from
  print(`slot ${slot} is new: what is accepted from now on is sent by it`)
  await connect.resume(name)
  await untilState(connect, name, { reached: isRunning, before: undefined }, patience)
  if (to >= from) await reemit({ from, to })
  await connect.put(connector)
  await untilState(connect, name, { reached: isRunning, before: undefined, sameBefore: true }, patience)
  print(`${name}: running, the gap is closed`)
}

async function gapStart({ name, config }: Connector, { connect, capture, print }: RecoverPorts): Promise<bigint> {
  const unfinished = unfinishedRecovery(await connect.config(name))
  if (unfinished !== undefined) {
    print('a recovery did not finish: beginning it again')
    return unfinished
  }
  const { offset, problems } = await readCapture(name, config, capture, connect)
  const problem = needsRecovery(problems)
  if (problem === undefined) {
    throw new StopProcess(
      `${name} has lost nothing: its slot is there and not ahead of what it has read. make connect-status tells what is the matter.`,
    )
  }
  print(`${problem.name}: ${problem.what}`)
  if (offset === undefined)
    throw new StopProcess(`nothing tells how far ${name} had come: name the first event or time to send again, FROM=…`, 2)
  return firstTsidAt(offset.atMs - MARGIN_MS)
}

/** @throws StopProcess when partitions of the gap were dropped, which only `FROM` passes over */
function refuseLoss(name: string, from: bigint, [oldest]: string[], nowMs: number): void {
  // No retention is below a day: a younger outbox never had an older partition.
  const dropped = oldest !== undefined && dayOf(from) < oldest && dayOf(from) < dayOf(firstTsidAt(nowMs - DAY_MS))
  if (!dropped) return
  const day = oldest.replace(/(....)(..)(..)/, '$1-$2-$3')
  throw new StopProcess(
    `${name}: the gap begins ${timeOf(from)}, and the outbox keeps no event before ${day} (UTC day): what was accepted between them ` +
      'and not sent cannot be sent again.\nThe table orders still has it. To go on without it, so that counts lack it for good: ' +
      `make connect-recover FROM=${day}T00:00:00Z WHY="…"`,
  )
}

const DAY_MS = 86_400_000
const timeOf = (id: bigint) => formatRfc3339(BigInt(tsidTime(id)) * 1000n)
