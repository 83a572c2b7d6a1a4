// Connectors of a Connect cluster, by its REST API.
import { StopProcess } from '@tally/platform/process/errors'
import type { ConfigFault } from './config-fault.ts'
import type { Connector, ConnectorConfig } from './connector.ts'
import type { ConnectRest } from './rest.ts'
import type { ConnectorStatus } from './status.ts'

type ValidatedKey = { value: { name: string; recommended_values?: unknown[]; errors: string[] } }

/** Every method @throws Unavailable while Connect is away or rebalancing, StopProcess when it refuses. */
export type Connectors = ReturnType<typeof restConnectors>

export function restConnectors(rest: ConnectRest) {
  const at = (name: string) => `/connectors/${encodeURIComponent(name)}`

  async function command(method: 'PUT' | 'POST', name: string, path: string): Promise<void> {
    if ((await rest.ask(method, `${at(name)}${path}`)) === undefined)
      throw new StopProcess(`there is no connector ${name}: create it with \`make connect-apply\`, \`make connect-status\` lists them`)
  }

  return {
    /** What the worker, and through it the connector, finds wrong; empty when nothing. */
    async validate({ name, config }: Connector): Promise<ConfigFault[]> {
      const type = config['connector.class']?.split('.').at(-1) ?? ''
      const path = `/connector-plugins/${encodeURIComponent(type)}/config/validate`
      const answer = (await rest.ask('PUT', path, { name, ...config })) as { configs: ValidatedKey[] } | undefined
      if (answer === undefined) throw new StopProcess(`the worker has no plugin ${type}: is it under the worker's plugin.path?`)
      return answer.configs
        .map(({ value }) => value)
        .filter(({ errors }) => errors.length > 0)
        .map(({ name: key, errors, recommended_values = [] }) => ({
          key,
          value: config[key],
          errors,
          allowed: recommended_values.filter((allowed) => allowed !== null).map(String),
        }))
    },
    names: async () => ((await rest.ask('GET', '/connectors')) ?? []) as string[],
    config: async (name: string) => (await rest.ask('GET', `${at(name)}/config`)) as ConnectorConfig | undefined,
    async put({ name, config }: Connector): Promise<void> {
      await rest.ask('PUT', `${at(name)}/config`, config)
    },
    status: async (name: string) => (await rest.ask('GET', `${at(name)}/status`)) as ConnectorStatus | undefined,
    offsets: async (name: string) => (await rest.ask('GET', `${at(name)}/offsets`)) as { offsets: unknown[] } | undefined,
    /** Only of a stopped connector. */
    async resetOffsets(name: string): Promise<void> {
      await rest.ask('DELETE', `${at(name)}/offsets`)
    },
    /** Only of a stopped connector. */
    async putOffsets(name: string, offsets: unknown[]): Promise<void> {
      await rest.ask('PATCH', `${at(name)}/offsets`, { offsets })
    },
    async delete(name: string): Promise<void> {
      await rest.ask('DELETE', at(name))
    },
    /** Levels of the worker's loggers that were set or used. */
    loggers: async () => ((await rest.ask('GET', '/admin/loggers')) ?? {}) as Record<string, { level: string | null }>,
    /** On every worker, until it starts again. */
    async setLogLevel(logger: string, level: string): Promise<void> {
      await rest.ask('PUT', `/admin/loggers/${encodeURIComponent(logger)}?scope=cluster`, { level })
    },
    pause: (name: string) => command('PUT', name, '/pause'),
    resume: (name: string) => command('PUT', name, '/resume'),
    stop: (name: string) => command('PUT', name, '/stop'),
    /** Restarts what failed of the connector and its tasks; nothing else. */
    restartFailed: (name: string) => command('POST', name, '/restart?includeTasks=true&onlyFailed=true'),
  }
}
