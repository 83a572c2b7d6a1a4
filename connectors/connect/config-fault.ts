// What a worker finds wrong with a configuration, by key.

export type ConfigFault = {
  key: string
  /** What the configuration says. */
  value: string | undefined
  errors: string[]
  /** Values the worker would take, where it knows them. */
  allowed: string[]
}

const MOST_SHOWN = 12

/** The fault for people: key, value, every error once, what is allowed. */
export function faultText({ key, value, errors, allowed }: ConfigFault): string {
  const lines = [`  ${key}${value === undefined ? ' is not set' : ` = ${value}`}`, ...new Set(errors.map((error) => `    ${error}`))]
  if (allowed.length > 0) {
    const more = allowed.length > MOST_SHOWN ? `, … ${allowed.length - MOST_SHOWN} more` : ''
    lines.push(`    allowed: ${allowed.slice(0, MOST_SHOWN).join(', ')}${more}`)
  }
  return lines.join('\n')
}
