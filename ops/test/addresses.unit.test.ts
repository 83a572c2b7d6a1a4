import { expect } from 'chai'
import { localEnvironment, localText } from '../stack/addresses.ts'
import { composeServices } from '../stack/compose-file.ts'

const services = composeServices(
  {
    services: {
      postgres: { image: 'postgres', ports: ['127.0.0.1:15433:5432'] },
      kafka: { image: 'kafka', ports: ['127.0.0.1:19094:9092', '127.0.0.1:19092:19092'] },
      app: {
        image: 'app',
        ports: ['127.0.0.1:13000:3000'],
        volumes: ['app-data:/data', './config:/etc/app:ro'],
        environment: {
          DB_HOST: 'postgres',
          DB_PORT: '5432',
          HTTP_HOST: '0.0.0.0',
          HTTP_PORT: '3000',
          PEER_HOST: 'elsewhere',
          PEER_PORT: '1',
        },
      },
    },
  },
  () => undefined,
)
const app = services.app
if (app === undefined) throw new Error('unreachable')
const folderOf = (source: string) => `/stack/${source}`

describe('addresses without containers', () => {
  const cases: [string, string][] = [
    ['kafka:9092', '127.0.0.1:19094'],
    ['kafka:9092,kafka:19092', '127.0.0.1:19094,127.0.0.1:19092'],
    ['postgres://postgres:postgres-dev@postgres:5432/postgres', 'postgres://postgres:postgres-dev@127.0.0.1:15433/postgres'],
    ['jdbc:postgresql://postgres:5432/registry', 'jdbc:postgresql://127.0.0.1:15433/registry'],
    ['INTERNAL://kafka:9092,HOST://127.0.0.1:19092', 'INTERNAL://127.0.0.1:19094,HOST://127.0.0.1:19092'],
    ['1@kafka:9092', '1@127.0.0.1:19094'],
    ['0.0.0.0:3000', '127.0.0.1:13000'],
    ['http://other.kafka:9092', 'http://other.kafka:9092'],
    ['not-kafka:9092', 'not-kafka:9092'],
    ['kafka:9999', 'kafka:9999'],
    ['kafka:90921', 'kafka:90921'],
    ['/data/counts.duckdb', '/stack/app-data/counts.duckdb'],
    ['--file=/data/counts.duckdb', '--file=/stack/app-data/counts.duckdb'],
    ['/data', '/stack/app-data'],
    ['/database', '/database'],
    ['/other/data', '/other/data'],
    ['/etc/app/x.yml', '/stack/./config/x.yml'],
  ]
  for (const [text, expected] of cases) {
    it(`makes ${expected} of ${text}`, () => {
      expect(localText(text, app, services, folderOf)).to.equal(expected)
    })
  }

  it('rewrites a host and its port together', () => {
    expect(localEnvironment(app, services, folderOf)).to.deep.equal({
      DB_HOST: '127.0.0.1',
      DB_PORT: '15433',
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: '13000',
      PEER_HOST: 'elsewhere',
      PEER_PORT: '1',
    })
  })
})
