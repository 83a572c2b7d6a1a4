// What the benchmark of the API reads from the environment, beside the stack's name and ports.
import { int, readConfig } from '@tally/platform/process/config'
import { z } from 'zod'

export const { PATH, ROUNDS, SECONDS } = readConfig(
  {
    PATH: z.string().default(''),
    ROUNDS: int(1, 100).default(3),
    /** Of each measurement in a round. */
    SECONDS: int(1, 600).default(5),
  },
  process.env,
)
