// Which stack the tests talk to; the one place where tests read the environment.
import { int, readConfig } from '@tally/platform/config'
import { z } from 'zod'

export const { STACK, PORT_OFFSET, CHAOS_SEED } = readConfig(
  { STACK: z.string().default('test'), PORT_OFFSET: int(0).default(20_000), CHAOS_SEED: int(0).optional() },
  process.env,
)

/** The environment for a child process that works on the same stack. */
export const childEnvironment = (extra: Record<string, string> = {}) => ({
  ...process.env,
  STACK,
  PORT_OFFSET: String(PORT_OFFSET),
  ...extra,
})
