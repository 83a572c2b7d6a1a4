// Everything the commands of schemas/ read from the environment.
import { ConfigError, flag, int, list, readConfig } from '@tally/platform/config'
import { StopProcess } from '@tally/platform/errors'
import { z } from 'zod'
import { LEVELS } from './compatibility.ts'

const url = z.url({ protocol: /^https?$/, error: 'is not an http(s) URL' })

const waiting = { WAIT_TIMEOUT_MS: int(0).default(60_000) }

/** Configuration of `create-topics.ts`. */
export const topicsConfig = () => readConfig({ ...waiting, KAFKA_BROKERS: list }, process.env)

/** Configuration of `register.ts` and `diff.ts`. */
export const registryConfig = () => readConfig({ ...waiting, SCHEMA_REGISTRY_URL: url }, process.env)

const words = z
  .string()
  .default('')
  .transform((text) => text.split(/\s+/).filter(Boolean))

const checkShape = {
  /** A file to check instead of this repository's schemas, the older ones, oldest first, and by which level. */
  CANDIDATE: z.string().optional(),
  AGAINST: words,
  LEVEL: z.enum(LEVELS).default('FULL_TRANSITIVE'),
  /** A branch: history/ must not differ from where this one left it. */
  BASE: z.string().optional(),
  JSON: flag,
  /** Warnings fail. */
  STRICT: flag,
  /** Where to write a JUnit report. */
  JUNIT: z.string().optional(),
  GITHUB_ACTIONS: flag,
}

/** Configuration of `check.ts`. A fault in it is "could not check": exit code 2. */
export function checkConfig() {
  try {
    return readConfig(checkShape, process.env)
  } catch (error) {
    throw error instanceof ConfigError ? new StopProcess(error.message, 2) : error
  }
}
