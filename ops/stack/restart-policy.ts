// When a dead service is started again, and when trying is reported as being of no use.
import { backoffMs } from '@tally/platform/process/backoff'
import { EXIT_CONFIG } from '@tally/platform/process/config'

/** A process that ran this long has recovered: its next death is the first again. */
export const RECOVERED_MS = 10_000

const DEATHS_UNTIL_REPORTED = 3

/** The first restart is soon, so that a crash is a matter of a second; the rest wait ever longer. */
export const restartAfterMs = (deaths: number): number => backoffMs(deaths, { firstMs: 200, maxMs: 30_000 })

/** Bad configuration does not get better by itself. */
export const isHopeless = (deaths: number, code: number | string): boolean => deaths >= DEATHS_UNTIL_REPORTED || code === EXIT_CONFIG

/** Compose's restart policies. */
export function mayRestart(policy: string, deaths: number, code: number | string): boolean {
  const [name, limit] = policy.split(':')
  if (name === 'always' || name === 'unless-stopped') return true
  return name === 'on-failure' && code !== 0 && deaths <= (limit === undefined ? Number.POSITIVE_INFINITY : Number(limit))
}
