// A connector with a database, slot and topics of its own on the stack's Connect: it disturbs nobody, and goes away.
import { randomBytes } from 'node:crypto'
import { setUpDatabase } from '@tally/ingest-api/database/set-up'
import { kafkaLog } from '@tally/platform/kafka/log'
import { systemClock } from '@tally/platform/process/clock'
import { tsidMint } from '@tally/platform/process/ids'
import { createLog } from '@tally/platform/process/log'
import { readRanges } from '@tally/platform/records/read-ranges'
import type { RecordLog } from '@tally/platform/records/record-log'
import pg from 'pg'
import { stack } from '../../../test/support/stack.ts'
import { createTopics, deleteTopics } from '../../../test/support/topics.ts'
import { until } from '../../../test/support/until.ts'
import type { Connector, ConnectorConfig } from '../../connect/connector.ts'
import { restConnectors } from '../../connect/connectors.ts'
import { readConnectors } from '../../connect/files.ts'
import { connectRest } from '../../connect/rest.ts'

const PASSWORDS = {
  owner: 'tally-owner-dev',
  api: 'tally-api-dev',
  reader: 'tally-reader-dev',
  dbz: 'dbz-dev',
  registry: 'registry-dev',
  replayer: 'replayer-dev',
}

export const connect = restConnectors(connectRest(stack.connectUrl))

export type OwnConnector = Awaited<ReturnType<typeof openOwnConnector>>

/**
 * The shipped configuration, moved to names of its own; `changes` go on top. Its slot and topics exist, it does not run yet.
 * @param postgres host:port of another PostgreSQL than the stack's
 * @param partitions of its topic of events; with more than one, ids do not come in order
 */
export async function openOwnConnector(changes: ConnectorConfig = {}, postgres = stack.postgres, partitions = 1) {
  const id = `connectors_${randomBytes(4).toString('hex')}`
  const [shipped] = readConnectors()
  if (shipped === undefined) throw new Error('there is no connector in this checkout')
  await setUpDatabase({ superuser: at(stack.database('postgres', 'postgres'), postgres), passwords: PASSWORDS, database: id, slot: id })
  const heartbeatQuery = shipped.config['heartbeat.action.query']?.replace('order_outbox', id) ?? ''
  const config: ConnectorConfig = {
    ...shipped.config,
    'database.dbname': id,
    ...(postgres !== stack.postgres && addressOf(postgres)),
    'slot.name': id,
    'topic.prefix': id,
    'transforms.outbox.route.topic.replacement': `${id}-events`,
    'predicates.isOutbox.pattern': `${id}\\.public\\.outbox`,
    'heartbeat.action.query': heartbeatQuery,
    ...changes,
  }
  const connector: Connector = { name: id, config }
  const topics = [`${id}-events`, `${id}.public.dbz_heartbeat`, `${id}.public.dbz_signal`, `__debezium-heartbeat.${id}`]
  await createTopics({ ...Object.fromEntries(topics.map((topic) => [topic, 1])), [`${id}-events`]: partitions })
  const log = kafkaLog({ brokers: [stack.kafka], clientId: id, log: createLog(id, 'silent') })
  const database = new pg.Client({ connectionString: at(stack.database('postgres', id), postgres) })
  // Its server may be killed on purpose.
  database.on('error', () => {})
  await database.connect()
  const mint = tsidMint(0, systemClock)

  return {
    id,
    connector,
    database,
    /** As many rows as asked for, committed one by one; their ids. */
    async insertEvents(count: number, idOf: (n: number) => bigint = mint): Promise<bigint[]> {
      const ids = Array.from({ length: count }, (_, n) => idOf(n))
      for (const eventId of ids) {
        await database.query(
          "insert into outbox (id, aggregatetype, aggregateid, type, payload) values ($1::bigint, 'order', $1::bigint::text, 'OrderPlaced', $2)",
          [eventId, Buffer.from([0, 0, 0, 0, 1, 9, 0xff])],
        )
      }
      return ids
    },
    /** Event ids on the topic so far, in order. */
    eventIds: () => readIds(log, `${id}-events`),
    /** Records on the topic so far. */
    endOfTopic: async () =>
      [...(await log.bounds(`${id}-events`)).values()].reduce((sum, { highWatermark }) => sum + Number(highWatermark), 0),
    async close() {
      await connectRest(stack.connectUrl).ask('DELETE', `/connectors/${id}`)
      await log.close()
      await deleteTopics(topics)
      await database.end()
      if (postgres !== stack.postgres) return
      const cluster = new pg.Client({ connectionString: stack.database('postgres', 'postgres') })
      await cluster.connect()
      const dropped = 'select from pg_replication_slots where slot_name = $1'
      const drop = 'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active'
      await until(async () => (await cluster.query(drop, [id])) && (await cluster.query(dropped, [id])).rowCount === 0, {
        what: `the slot ${id} is gone`,
      })
      await cluster.query(`drop database ${pg.escapeIdentifier(id)} with (force)`)
      await cluster.end()
    },
  }
}

/** A connection string of the stack, for another PostgreSQL. */
export const at = (connectionString: string, postgres: string) => connectionString.replace(stack.postgres, postgres)

/** The connector's keys for a PostgreSQL at host:port. */
export function addressOf(postgres: string): ConnectorConfig {
  const [host = '', port = ''] = postgres.split(':')
  return { 'database.hostname': host, 'database.port': port }
}

async function readIds(log: RecordLog, topic: string): Promise<bigint[]> {
  const ids: bigint[] = []
  const ranges = [...(await log.bounds(topic))].map(([partition, { highWatermark: next }]) => ({ partition, from: 0n, next }))
  for await (const { headers } of readRanges(log, topic, ranges)) ids.push(BigInt(String(headers.id)))
  return ids
}
