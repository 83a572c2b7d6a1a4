// The way back when the slot is gone or was moved: a new slot, then everything sent again that may have been missed.

import { wantedOf } from '#capture/read-capture'
import { type Patience, untilState } from '#connect/await-state'
import type { Connector } from '#connect/connector'
import { type ConnectorStatus, isRunning } from '#connect/status'
import type { EventRange } from './event-range.ts'
import { chooseStart, type GapPorts, RECOVERING } from './gap-start.ts'

export type RecoverPorts = GapPorts & {
  connect: {
    status(name: string): Promise<ConnectorStatus | undefined>
    put(connector: Connector): Promise<void>
    stop(name: string): Promise<void>
    resume(name: string): Promise<void>
    resetOffsets(name: string): Promise<void>
  }
  capture: {
    recreateSlot(slot: string): Promise<void>
    /** The newest committed event. */
    newestEvent(): Promise<bigint | undefined>
  }
  reemit(range: EventRange): Promise<number>
}

/**
 * A run that ended half-way is begun again by repeating it. No heartbeat flows until the gap is closed, since asOf would follow it past events that are missing. Whoever
 * calls it keeps partitions from being dropped meanwhile: to the new slot, what is in them is confirmed before it is sent.
 * @param since send again from this id on
 * @throws StopProcess what `chooseStart` refuses, and when the connector does not run or the events do not arrive
 */
export async function recoverConnector(
  connector: Connector,
  ports: RecoverPorts,
  since: bigint | undefined,
  patience: Patience,
): Promise<void> {
  const { connect, capture, reemit, print } = ports
  const { name, config } = connector
  const { from, verdict } = await chooseStart(connector, ports, since, patience.clock.now())
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
  print(`${name}: running, ${verdict}`)
}
