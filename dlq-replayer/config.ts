// What the service and the command read from the environment.
import { hostname } from 'node:os'
import { commonConfig, flag, flagOn, int, list, readConfig } from '@tally/platform/process/config'
import { messageOf } from '@tally/platform/process/errors'
import { AGGREGATOR, dlqOf, FORECASTER, ORDER_BUCKETS, ORDER_EVENTS, parkedOf, REPLAYER_AUDIT } from '@tally/schemas/contract/topics'
import { z } from 'zod'
import type { Command } from '#command/command'
import { commandWords } from '#command/words'
import type { Dlq } from '#letters/letter'

const optional = z.string().optional()

/** `topic:group` pairs, by comma. */
const queues = z
  .string()
  .regex(/^[^:,]+:[^:,]+(,[^:,]+:[^:,]+)*$/, 'is not topic:group,…')
  .default(`${ORDER_EVENTS}:${AGGREGATOR},${ORDER_BUCKETS}:${FORECASTER}`)
  .transform((text) =>
    text.split(',').map((pair): Dlq => {
      const [topic = '', group = ''] = pair.split(':')
      return { name: dlqOf(topic, group), topic, group, parked: parkedOf(topic, group) }
    }),
  )

const common = {
  KAFKA_BROKERS: list,
  KAFKAJS_FAST: flagOn,
  DEAD_LETTER_QUEUES: queues,
  AUDIT_TOPIC: z.string().default(REPLAYER_AUDIT),
  SCHEMA_REGISTRY_URL: z.string(),
}

export const serviceConfig = () =>
  readConfig(
    {
      ...commonConfig,
      ...common,
      QUEUE_DATABASE_URL: z.string(),
      REDIS_URL: optional,
      AGGREGATOR_URL: z.string(),
      /** The group whose counts answer at AGGREGATOR_URL. */
      AGGREGATOR_GROUP: z.string().default(AGGREGATOR),
      VERIFY_TIMEOUT_MS: int(1).default(60_000),
      MAX_REPLAYS: int(1).default(3),
      /** Records the group may be behind before a run waits for it, and replays that may be out without an outcome. */
      MAX_LAG: int(0).default(5_000),
      /** The board on the ops port is off without it. */
      BULL_BOARD_TOKEN: optional,
      BULL_BOARD_WRITE: flag,
      BULL_BOARD_ENVIRONMENT: z.string().default('production'),
    },
    process.env,
  )

/** The command as its variables spell it. @throws Error with every fault: of a command each exits with 1 */
export function commandConfig(env = process.env): { command: Command; connect: z.infer<z.ZodObject<typeof common>> } {
  const words = commandWords(env)
  const stack = (['STACK', 'PORT_OFFSET'] as const).filter((name) => env[name] && !['default', '0'].includes(env[name]))
  const name = ['make replay-dlq', ...stack.map((each) => `${each}=${env[each]}`)].join(' ')
  const who = env.WHO || `${env.USER || 'unknown'}@${hostname()}`
  const shape = words.form === 'help' ? { ...common, KAFKA_BROKERS: list.default([]), SCHEMA_REGISTRY_URL: z.string().default('') } : common
  try {
    return { command: { ...words, who, name }, connect: readConfig(shape, env) }
  } catch (error) {
    throw new Error(messageOf(error))
  }
}
