// Makes a connector what the code says: validate, put what differs, wait until it runs. Safe to repeat.
import { StopProcess } from '@tally/platform/process/errors'
import { whileUnavailable } from '@tally/platform/process/retry'
import { type Patience, untilState } from './await-state.ts'
import { type ConfigFault, faultText } from './config-fault.ts'
import { type Connector, type ConnectorConfig, differences, plainSecrets } from './connector.ts'
import { type ConnectorStatus, failure, isHeld, isRunning } from './status.ts'

export type ApplyPort = {
  validate(connector: Connector): Promise<ConfigFault[]>
  config(name: string): Promise<ConnectorConfig | undefined>
  put(connector: Connector): Promise<void>
  status(name: string): Promise<ConnectorStatus | undefined>
  restartFailed(name: string): Promise<void>
}

export type Applied = 'created' | 'changed' | 'unchanged' | 'held'

/**
 * @param options `refuse` throws where a valid configuration must not be applied all the same
 * @returns `held` for a connector that someone paused or stopped: it keeps its state, with the configuration applied
 * @throws StopProcess for a configuration that is not valid, a failed task, or what does not run by the deadline
 */
export async function applyConnector(
  connect: ApplyPort,
  connector: Connector,
  options: Patience & { refuse?(): Promise<void> },
): Promise<Applied> {
  const { name, config } = connector
  refusePlainSecrets(connector)
  const asking = <T>(work: () => Promise<T>) => whileUnavailable(work, { deadlineMs: options.deadlineMs, clock: options.clock })
  await asking(() => refuseFaults(connect, connector))
  if (options.refuse) await asking(options.refuse)
  const live = await asking(() => connect.config(name))
  const before = live && (await asking(() => connect.status(name)))
  const change = live === undefined ? 'created' : differences(live, config).length > 0 ? 'changed' : 'unchanged'
  if (change !== 'unchanged') await asking(() => connect.put(connector))
  else if (before && failure(before) !== undefined) await asking(() => connect.restartFailed(name))
  else if (before && isRunning(before)) return change
  const reached = (status: ConnectorStatus) => isRunning(status) || isHeld(status)
  return isHeld(await untilState(connect, name, { reached, before, sameBefore: change === 'changed' }, options)) ? 'held' : change
}

/** @throws StopProcess listing every fault */
export async function refuseFaults(connect: Pick<ApplyPort, 'validate'>, connector: Connector): Promise<void> {
  const faults = await connect.validate(connector)
  if (faults.length === 0) return
  throw new StopProcess(
    `${connector.name}: the worker does not accept this configuration (connectors/${connector.name}.json):\n${faults.map(faultText).join('\n')}`,
  )
}

function refusePlainSecrets({ name, config }: Connector): void {
  const keys = plainSecrets(config)
  if (keys.length === 0) return
  throw new StopProcess(
    `${name}: ${keys.join(', ')} holds a secret in plain text, which GET /connectors/${name}/config would show to everyone.\n` +
      'Write a reference that the worker resolves: connectors/order-outbox.json shows how.',
  )
}
