// What the benchmark of replays reads from the environment, beside the stack's name and ports.
import { int, list, readConfig } from '@tally/platform/process/config'

export const { SCALE, ROUNDS, PLAN_SCALE, LIVE_LETTERS, LIVE_SECONDS, LIVE_RATE, PARTS } = readConfig(
  {
    /** Letters of one replay against a bare produce. */
    SCALE: int(1_000).default(250_000),
    ROUNDS: int(1).default(3),
    /** Letters that a plan looks through. */
    PLAN_SCALE: int(1_000).default(1_000_000),
    /** Letters at full speed beside live orders. */
    LIVE_LETTERS: int(1_000).default(60_000),
    LIVE_SECONDS: int(1).default(30),
    /** Orders a second beside a replay. */
    LIVE_RATE: int(1).default(100),
    PARTS: list.default(['speed', 'live', 'plan']),
  },
  process.env,
)
