// Configuration is a schema checked at start: every fault at once, exit code 78.
import { z } from 'zod'

export const EXIT_CONFIG = 78

/** What is wrong with the environment, all faults at once. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly exitCode = EXIT_CONFIG
}

/** Reads the named variables; throws ConfigError listing every fault by variable. Values are never printed: they may be secrets. */
export function readConfig<S extends z.ZodRawShape>(shape: S, env: Record<string, string | undefined>): z.infer<z.ZodObject<S>> {
  const given = Object.fromEntries(Object.keys(shape).map((name) => [name, env[name] === '' ? undefined : env[name]]))
  const parsed = z.object(shape).safeParse(given)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0])
    return `  ${name}: ${given[name] === undefined ? 'is not set' : issue.message}`
  })
  throw new ConfigError(`bad configuration:\n${faults.join('\n')}\nSet these variables (.env.example describes each) and start again.`)
}

const ADDRESS = /^(?<host>[^:]+|\[[^\]]+\]):(?<port>\d{1,5})$/

/** `host:port` → { host, port }; port 0 asks the system for a free one. */
export const address = z
  .string()
  .regex(ADDRESS, 'is not host:port')
  .refine((text) => Number(ADDRESS.exec(text)?.groups?.port) <= 65_535, 'has no port within 0..65535')
  .transform((text) => {
    const { host = '', port = '' } = ADDRESS.exec(text)?.groups ?? {}
    return { host, port: Number(port) }
  })

/** A whole number from text, within bounds. */
export const int = (min: number, max = Number.MAX_SAFE_INTEGER) => z.coerce.number().int().min(min).max(max)

/** A comma-separated list, at least one entry. */
export const list = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter(Boolean),
  )
  .pipe(z.array(z.string()).min(1))

/** What 1, true, yes and 0, false, no or nothing say; undefined: neither, for `PRUNE=no` must not mean yes. */
export function flagOf(text = ''): boolean | undefined {
  if (/^(1|true|yes)$/i.test(text)) return true
  return /^(0|false|no|)$/i.test(text) ? false : undefined
}

const flagOr = (otherwise: '' | '1') =>
  z
    .string()
    .default(otherwise)
    .refine((text) => flagOf(text) !== undefined, 'is neither 1, true or yes, nor 0, false or no')
    .transform((text) => flagOf(text) === true)

export const flag = flagOr('')

/** One that is on where nothing is said. */
export const flagOn = flagOr('1')

/** What every service reads. */
export const commonConfig = {
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  OPS_LISTEN: address,
  DRAIN_TIMEOUT_MS: int(1).default(15_000),
}
