// The two commands that send events again: a range that someone names, and what a lost slot left behind.
import { randomUUID } from 'node:crypto'
import { kafkaLog } from '@tally/platform/kafka/log'
import { StopProcess } from '@tally/platform/process/errors'
import { createLog } from '@tally/platform/process/log'
import { postgresCapture } from '#capture/postgres-capture'
import { openSession } from '#capture/postgres-session'
import { reemitConfig } from '#config'
import type { Connector } from '#connect/connector'
import { isRunning } from '#connect/status'
import { watchArrivals } from '#resend/arrivals'
import { type EventRange, eventRange, firstEvent } from '#resend/event-range'
import { postgresOutbox } from '#resend/postgres-outbox'
import { holdPartitions } from '#resend/postgres-partitions'
import { recoverConnector } from '#resend/recover-connector'
import { reemitEvents, requireWhy } from '#resend/reemit-events'
import type { Context } from './command.ts'
import { confirm } from './confirm.ts'

/** FROM= TO= WHY= */
export async function reemit(context: Context): Promise<number> {
  const { FROM, TO } = reemitConfig()
  const range = eventRange(FROM, TO, context.clock.now())
  return withResender(context, async (resend) => {
    await refuseUnlessRunning(context, routerOf(context).name)
    await resend(range)
  })
}

/** WHY= [FROM=] [YES=1]: after a slot was lost, dropped or moved, or where what it holds back can never be read. */
export async function recover(context: Context): Promise<number> {
  const { FROM, WHY, YES, SIGNAL_DATABASE_URL } = reemitConfig()
  requireWhy(WHY)
  const since = FROM === undefined ? undefined : firstEvent(FROM, context.clock.now())
  return withResender(context, async (resend, session) => {
    const { days } = postgresOutbox(session)
    const ports = {
      ...context,
      capture: postgresCapture(session),
      days,
      confirm: (what: string) => confirm(what, YES),
      reemit: (range: EventRange) => resend(range, true),
    }
    const patience = { clock: context.clock, deadlineMs: context.waitTimeoutMs }
    await holdPartitions(SIGNAL_DATABASE_URL, patience.deadlineMs, () => recoverConnector(routerOf(context), ports, since, patience))
  })
}

type Resend = (range: EventRange, whatThereIs?: boolean) => Promise<number>
type Session = Awaited<ReturnType<typeof openSession>>

async function withResender(context: Context, work: (resend: Resend, session: Session) => Promise<void>): Promise<number> {
  const { WHY, KAFKA_BROKERS, SIGNAL_DATABASE_URL } = reemitConfig()
  const { topic } = routerOf(context)
  const session = await openSession(SIGNAL_DATABASE_URL)
  const log = kafkaLog({ brokers: KAFKA_BROKERS, clientId: 'resend', log: createLog('resend', 'silent') })
  const ports = { ...context, outbox: postgresOutbox(session), watchEvents: (range: EventRange) => watchArrivals(log, topic, range) }
  try {
    const options = { why: WHY, deadlineMs: context.waitTimeoutMs }
    await work(
      (range, whatThereIs = false) => reemitEvents(range, ports, { ...options, whatThereIs, signalId: `reemit-${randomUUID()}` }),
      session,
    )
    return 0
  } finally {
    await log.close()
    await session.end()
  }
}

/** The connector that routes the outbox, and the topic it routes to. */
function routerOf({ connectors }: Context): Connector & { topic: string } {
  const routing = connectors.flatMap((connector) => {
    const topic = connector.config['transforms.outbox.route.topic.replacement']
    return topic === undefined ? [] : [{ ...connector, topic }]
  })
  const [router] = routing
  if (router === undefined || routing.length > 1) throw new StopProcess('name the connector of the outbox: CONNECTOR=…', 2)
  return router
}

/** @throws StopProcess when the connector does not run */
async function refuseUnlessRunning({ connect }: Context, name: string): Promise<void> {
  const status = await connect.status(name)
  if (status === undefined || !isRunning(status))
    throw new StopProcess(`${name} does not run, so it would not see the signal: make connect-status`)
}
