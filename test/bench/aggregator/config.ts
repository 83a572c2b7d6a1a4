// What `make bench-aggregator` reads: sizes to go easy with, and the environment of the aggregator that it measures.
import { int, list, readConfig } from '@tally/platform/process/config'
import { z } from 'zod'

export const config = readConfig(
  {
    /** Records of the topic. */
    SCALE: int(1_000).default(2_000_000),
    ROUNDS: int(1).default(3),
    /** Event ids that the file holds already. */
    OLDER_IDS: int(0).default(20_000_000),
    /** How the minutes of the orders follow each other. */
    MINUTES: z.enum(['random', 'in-order']).default('random'),
    /** Flags of node for the aggregator, instead of compose.yaml's. */
    FLAGS: z.string().default(''),
    /** Which runs to make, of their names; all without it. */
    ONLY: z.string().default(''),
    /** A file that says what the topic holds: the topic is kept for the next time, and taken as it is when the file is there. */
    KEPT: z.string().default(''),
    /** Where CPU profiles of the aggregator go; none without it. */
    PROFILE_DIR: z.string().default(''),
    KAFKA_BROKERS: list,
    SCHEMA_REGISTRY_URL: z.url(),
    OPS_LISTEN: z.string(),
  },
  process.env,
)

/** The aggregator's environment with changes. */
export const environment = (extra: Record<string, string> = {}): NodeJS.ProcessEnv => ({ ...process.env, ...extra })
