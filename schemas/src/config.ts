// Everything the commands of schemas/ read from the environment.
import { int, list, readConfig } from '@tally/platform/config'
import { z } from 'zod'

const url = z.url({ protocol: /^https?$/, error: 'is not an http(s) URL' })

const waiting = { WAIT_TIMEOUT_MS: int(0).default(60_000) }

/** Configuration of `create-topics.ts`. */
export const topicsConfig = () => readConfig({ ...waiting, KAFKA_BROKERS: list }, process.env)

/** Configuration of `register.ts` and `diff.ts`. */
export const registryConfig = () => readConfig({ ...waiting, SCHEMA_REGISTRY_URL: url }, process.env)
