// A connector as code: its name and the configuration it is to have, and how that differs from a live one.

export type ConnectorConfig = Record<string, string>

export type Connector = { name: string; config: ConnectorConfig }

export type Difference = { key: string; live: string | undefined; wanted: string | undefined }

/** What would change, key by key. The worker adds the name to the configuration it was given: that is no difference. */
export function differences(live: ConnectorConfig, wanted: ConnectorConfig): Difference[] {
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(live)])].filter((key) => key !== 'name').sort()
  return keys.filter((key) => live[key] !== wanted[key]).map((key) => ({ key, live: live[key], wanted: wanted[key] }))
}

/** One line a key, `-` live, `+` wanted. A secret that someone set in plain text is not repeated. */
export const differenceText = ({ key, live, wanted }: Difference): string =>
  [
    ...(live === undefined ? [] : [`  - ${key} = ${shown(key, live)}`]),
    ...(wanted === undefined ? [] : [`  + ${key} = ${shown(key, wanted)}`]),
  ].join('\n')

const SECRET = /password|secret|token|credential|sasl\.jaas/i
const REFERENCE = /^\$\{[^}]+\}$/

/** Keys whose value is a secret in plain text rather than a reference that the worker resolves. */
export const plainSecrets = (config: ConnectorConfig): string[] =>
  Object.entries(config)
    .filter(([key, value]) => SECRET.test(key) && value !== '' && !REFERENCE.test(value))
    .map(([key]) => key)

const shown = (key: string, value: string) => (SECRET.test(key) && !REFERENCE.test(value) ? '[hidden: not a reference]' : value)
