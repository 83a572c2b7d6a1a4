// The stack with a wire in every connection between two parts, so that each can be cut.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { freePort } from '../../ops/test/support/free-port.ts'
import { PORT_OFFSET } from './config.ts'
import { bringUp } from './faults.ts'
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts'

type Service = { environment: Record<string, string> }
type Environment = Record<string, string>

const POSTGRES = 5433 + PORT_OFFSET
const REGISTRY = 8081 + PORT_OFFSET
const AGGREGATOR = 3001 + PORT_OFFSET

/** A variable of a service that holds the address. */
const replaceIn = (name: string, address: string) => (environment: Environment, port: number) => {
  environment[name] = (environment[name] ?? '').replace(address, `127.0.0.1:${port}`)
}

type Route = { to: number | 'kafka'; point(environment: Environment, port: number): void }

const ROUTES: Record<string, Route> = {
  'aggregator-kafka': { to: 'kafka', point: replaceIn('KAFKA_BROKERS', 'kafka:9092') },
  'connect-kafka': { to: 'kafka', point: replaceIn('BOOTSTRAP_SERVERS', 'kafka:9092') },
  'forecaster-kafka': { to: 'kafka', point: replaceIn('KAFKA_BROKERS', 'kafka:9092') },
  'ingest-api-postgres': { to: POSTGRES, point: replaceIn('DATABASE_URL', 'postgres:5432') },
  'connect-postgres': {
    to: POSTGRES,
    point(environment, port) {
      environment.DBZ_DATABASE_HOST = '127.0.0.1'
      environment.DBZ_DATABASE_PORT = String(port)
    },
  },
  'schema-registry-postgres': { to: POSTGRES, point: replaceIn('APICURIO_DATASOURCE_URL', 'postgres:5432') },
  'dlq-replayer-kafka': { to: 'kafka', point: replaceIn('KAFKA_BROKERS', 'kafka:9092') },
  'dlq-replayer-postgres': { to: POSTGRES, point: replaceIn('QUEUE_DATABASE_URL', 'postgres:5432') },
  'dlq-replayer-aggregator': { to: AGGREGATOR, point: replaceIn('AGGREGATOR_URL', 'aggregator:3001') },
  'aggregator-schema-registry': { to: REGISTRY, point: replaceIn('SCHEMA_REGISTRY_URL', 'schema-registry:8081') },
}

export type Wire = keyof typeof ROUTES
export const WIRES: Wire[] = Object.keys(ROUTES)

/** Restarts what gets a wire; `close` restarts it without. */
export async function withWires(names: Wire[]): Promise<{ wires: Record<Wire, TcpProxy>; close(): Promise<void> }> {
  const compose = parse(readFileSync(new URL('../../compose.yaml', import.meta.url), 'utf8'), { merge: true })
  const services: Record<string, Service> = compose.services
  const wires: Record<Wire, TcpProxy> = {}
  for (const name of names) {
    const { to, point } = ROUTES[name] as Route
    const wire = await tcpProxy()
    wires[name] = wire
    wire.leadTo(to === 'kafka' ? await addListener(services.kafka as Service, `WIRE${Object.keys(wires).length}`, wire.port) : to)
    const client = Object.keys(services).find((service) => name.startsWith(`${service}-`)) as string
    point((services[client] as Service).environment, wire.port)
  }
  const folder = mkdtempSync(join(tmpdir(), 'tally-wires-'))
  writeFileSync(join(folder, 'compose.yaml'), stringify(compose))
  const close = async () => {
    await bringUp()
    for (const wire of Object.values(wires)) await wire.close()
    rmSync(folder, { recursive: true })
  }
  try {
    await bringUp({ COMPOSE_FILE: join(folder, 'compose.yaml') })
  } catch (error) {
    await close()
    throw error
  }
  return { wires, close }
}

/** Kafka sends its clients on to the address it advertises: a listener of its own that advertises the wire. */
async function addListener({ environment }: Service, name: string, advertised: number): Promise<number> {
  const port = await freePort()
  environment.KAFKA_LISTENERS += `,${name}://127.0.0.1:${port}`
  environment.KAFKA_ADVERTISED_LISTENERS += `,${name}://127.0.0.1:${advertised}`
  environment.KAFKA_LISTENER_SECURITY_PROTOCOL_MAP += `,${name}:PLAINTEXT`
  return port
}
