// What the service and the command read from the environment.
import { hostname } from 'node:os'
import { commonConfig, int, list, readConfig } from '@tally/platform/config'
import { AGGREGATOR, dlqOf, FORECASTER, ORDER_BUCKETS, ORDER_EVENTS, parkedOf, REPLAYER_AUDIT } from '@tally/schemas/topics'
import { z } from 'zod'
import type { Command, Form } from './execute-command.ts'
import { FILTER_VARIABLES } from './filter-words.ts'
import type { Dlq } from './letter.ts'

const optional = z.string().optional()

const flag = optional.transform((text) => text !== undefined && text !== '0')

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
      /** Records the group may be behind before a run waits for it. */
      MAX_LAG: int(0).default(5_000),
      /** The board on the ops port is off without it. */
      BULL_BOARD_TOKEN: optional,
      BULL_BOARD_WRITE: flag,
      BULL_BOARD_ENVIRONMENT: z.string().default('production'),
    },
    process.env,
  )

const FORMS = ['HELP', 'STATUS', 'PAUSE', 'RESUME', 'CANCEL', 'PARKED', 'UNPARK', 'HISTORY', 'DISCARD', 'EXPORT', 'GO'] as const

/** Letters a second beside which live orders are read about as soon as without a replay: docs/performance.md. */
export const DEFAULT_RATE = 500

const parameters = {
  ...(Object.fromEntries(FILTER_VARIABLES.map((name) => [name, optional])) as Record<(typeof FILTER_VARIABLES)[number], typeof optional>),
  ...(Object.fromEntries(FORMS.map((name) => [name, flag])) as Record<(typeof FORMS)[number], typeof flag>),
  WHY: optional,
  RUN: optional,
  PLAN: optional,
  IMPORT: optional,
  PATCH: optional,
  WHO: optional,
  USER: optional,
  RATE: int(0, 100_000).default(DEFAULT_RATE),
  CANARY: int(0, 10_000).default(10),
  JSON: flag,
  YES: flag,
  UNMASK: flag,
  STACK: optional,
  PORT_OFFSET: optional,
}

/** The command as its variables spell it. @throws ConfigError, or Error when two forms are asked for at once */
export function commandConfig(): { command: Command; connect: z.infer<z.ZodObject<typeof common>> } {
  const given = readConfig(parameters, process.env)
  const forms = FORMS.filter((form) => given[form])
  if (forms.length > 1 && !given.HELP) throw new Error(`${forms.join(' and ')} do not go together: choose one`)
  const filter = Object.fromEntries(FILTER_VARIABLES.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])))
  const stack = (['STACK', 'PORT_OFFSET'] as const).filter((name) => given[name] && !['default', '0'].includes(given[name] ?? ''))
  const { WHY, RUN, PLAN, WHO, USER, RATE, CANARY, YES, UNMASK } = given
  return {
    command: {
      form: given.HELP ? 'help' : ((forms[0] ?? 'PLAN').toLowerCase() as Form),
      filter,
      who: WHO ?? `${USER ?? 'unknown'}@${hostname()}`,
      why: WHY?.trim() || undefined,
      run: RUN,
      planId: PLAN,
      importFile: given.IMPORT,
      patchFile: given.PATCH,
      file: given.EXPORT ? process.env.EXPORT : undefined,
      rate: RATE,
      canary: CANARY,
      yes: YES,
      json: given.JSON,
      unmask: UNMASK,
      name: ['make replay-dlq', ...stack.map((name) => `${name}=${given[name]}`)].join(' '),
    },
    connect: readConfig(
      given.HELP ? { ...common, KAFKA_BROKERS: list.default([]), SCHEMA_REGISTRY_URL: z.string().default('') } : common,
      process.env,
    ),
  }
}
