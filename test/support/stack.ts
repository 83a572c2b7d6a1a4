// Addresses and development passwords of the stack under test.
import { PORT_OFFSET, STACK } from './config.ts'

const at = (port: number) => `127.0.0.1:${port + PORT_OFFSET}`

/** Data and logs of the stack under test. */
export const stackDir = new URL(`../../.stack/${STACK}/`, import.meta.url).pathname

export const stack = {
  name: STACK,
  portOffset: PORT_OFFSET,
  ingestApi: `http://${at(3000)}`,
  ingestApiOps: `http://${at(3100)}`,
  aggregator: `http://${at(3001)}`,
  aggregatorOps: `http://${at(3101)}`,
  forecaster: `http://${at(3002)}`,
  forecasterOps: `http://${at(3102)}`,
  replayerOps: `http://${at(3103)}`,
  kafka: at(9092),
  schemaRegistryUrl: `http://${at(8081)}/apis/ccompat/v7`,
  connectUrl: `http://${at(8083)}`,
  postgres: at(5433),
  prometheus: `http://${at(9090)}`,
  redisUrl: `redis://${at(6379)}`,
  /** Connection string of a role in a database of the stack's PostgreSQL. */
  database: (role: 'postgres' | 'tally_owner' | 'tally_api' | 'tally_reader' | 'dbz' | 'replayer', name = 'tally') =>
    `postgres://${role}:${role.replace('_', '-')}-dev@${at(5433)}/${name}`,
}
