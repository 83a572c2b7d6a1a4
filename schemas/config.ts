// Everything the commands of schemas/ read from the environment.
import { ConfigError, flag, int, list, readConfig } from '@tally/platform/process/config'
import { StopProcess } from '@tally/platform/process/errors'
import { parseRfc3339 } from '@tally/platform/process/time'
import { z } from 'zod'
import { LEVELS } from '#check/compatibility'
import type { From } from '#topics/select-records'

const url = z.url({ protocol: /^https?$/, error: 'is not an http(s) URL' })

const waiting = { WAIT_TIMEOUT_MS: int(0).default(60_000) }

/** Configuration of `create-topics.ts`. */
export const topicsConfig = () => readConfig({ ...waiting, KAFKA_BROKERS: list }, process.env)

/** Configuration of `diff.ts`. */
export const registryConfig = () => readConfig({ ...waiting, SCHEMA_REGISTRY_URL: url }, process.env)

/** Configuration of `register.ts`. Services start with history/ as it is: only the make target sets PUBLISH_NEW. */
export const registerConfig = () => readConfig({ ...waiting, SCHEMA_REGISTRY_URL: url, PUBLISH_NEW: flag, CI: flag }, process.env)

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
  /** A registry to ask for a second opinion. */
  SCHEMA_REGISTRY_URL: url.optional(),
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

const from = z.string().transform((text, context): From => {
  const offset = /^(?:(\d+):)?(\d+)$/.exec(text)
  if (text === 'start') return { start: true }
  if (offset) return { offset: BigInt(offset[2] ?? 0), partition: offset[1] === undefined ? undefined : Number(offset[1]) }
  const micros = parseRfc3339(text)
  if (micros !== undefined) return { timeMs: Number(micros / 1000n) }
  context.addIssue({ code: 'custom', message: 'is not "start", an offset, PARTITION:OFFSET or a time such as 2026-11-24T08:00:00Z' })
  return z.NEVER
})

/** Configuration of `tail.ts`: the newest N (10) records, or all, at most N, from FROM on. */
export const tailConfig = () => {
  const config = readConfig(
    {
      KAFKA_BROKERS: list,
      SCHEMA_REGISTRY_URL: url,
      TOPIC: z.string(),
      FROM: from.optional(),
      N: int(1).optional(),
      KEY: z.string().optional(),
    },
    process.env,
  )
  return { ...config, N: config.N ?? (config.FROM === undefined ? 10 : Number.MAX_SAFE_INTEGER) }
}

/** Configuration of `replay-check.ts`: the newest N (1000) records of each topic. */
export const replayCheckConfig = () => readConfig({ KAFKA_BROKERS: list, SCHEMA_REGISTRY_URL: url, N: int(1).default(1_000) }, process.env)
