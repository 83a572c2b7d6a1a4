// connect-guard: looks at every connector's way from the outbox to the topic, and tells by readiness and metrics what is wrong.

import { type Check, openOps } from '@tally/platform/http/probes'
import { systemClock } from '@tally/platform/process/clock'
import { createLog } from '@tally/platform/process/log'
import { createMetrics } from '@tally/platform/process/metrics'
import { type App, run } from '@tally/platform/process/run'
import { guardMetrics } from '#capture/metrics'
import { postgresCapture } from '#capture/postgres-capture'
import { lazySession } from '#capture/postgres-session'
import { type CaptureWatch, SIGNS, type Sign, watchCaptures } from '#capture/watch-captures'
import { restConnectors } from '#connect/connectors'
import { readConnectors } from '#connect/files'
import { connectRest } from '#connect/rest'
import { guardConfig } from './config.ts'

async function main(app: App): Promise<void> {
  const config = guardConfig()
  const session = lazySession(config.SIGNAL_DATABASE_URL)
  app.onClose('database', session.end)
  const connectors = readConnectors({ folder: config.CONNECTORS_FOLDER, environment: config.CONNECT_ENVIRONMENT })
  const connect = restConnectors(connectRest(config.CONNECT_URL, { timeoutMs: 5_000, rebalanceMs: 2_000 }))
  const ports = { connect, capture: postgresCapture(session), clock: systemClock, log: app.log }
  const watch = watchCaptures(connectors, ports, config.LOOK_EVERY_MS)
  app.onClose('watch', watch.stop)
  const metrics = createMetrics('connect-guard')
  guardMetrics(metrics, watch.looks)
  const port = await openOps(app, config.OPS_LISTEN, metrics, { live: { loop: watch.live }, ready: checks(watch, connectors.length) })
  app.log.info({ port, connectors: connectors.map(({ name }) => name) }, 'watching')
}

/** One check for each sign. A connector that someone holds stands still on purpose: metrics tell it, readiness does not. */
function checks({ looks }: CaptureWatch, expected: number): Record<string, Check> {
  const check = (sign: Sign) => () => {
    const seen = [...looks()].filter(([, { signs }]) => signs.has(sign) && !(sign === 'heartbeat-late' && signs.has('held')))
    return seen.length === 0 ? undefined : seen.map(([name, { signs }]) => `${name}: ${signs.get(sign)}`).join('; ')
  }
  const all = SIGNS.filter((sign) => sign !== 'held').map((sign) => [sign, check(sign)])
  return { look: () => (looks().size < expected ? 'it has not looked yet' : undefined), ...Object.fromEntries(all) }
}

const options = () => {
  const config = guardConfig()
  return { log: createLog('connect-guard', config.LOG_LEVEL), drainTimeoutMs: config.DRAIN_TIMEOUT_MS }
}
run(options, main)
