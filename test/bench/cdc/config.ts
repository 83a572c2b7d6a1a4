// What the benchmark of the capture reads from the environment, beside the stack's name and ports.
import { int, list, readConfig } from '@tally/platform/process/config'

export const { BACKLOG, LATENCY_SECONDS, IDLE_SECONDS, RATES, ROUNDS, PARTS } = readConfig(
  {
    BACKLOG: int(1_000).default(500_000),
    LATENCY_SECONDS: int(1).default(10),
    IDLE_SECONDS: int(1).default(20),
    RATES: list.default(['100', '500', '1000']).transform((rates) => rates.map(Number)),
    ROUNDS: int(1).default(3),
    PARTS: list.default(['backlog', 'latency', 'idle', 'killed']),
  },
  process.env,
)
