import { dirname } from 'node:path'
import { expect } from 'chai'
import { circles, doorsOf, type Graph, importGraph, sourceFiles, sourceOf, specifiersOf } from './support/imports.ts'

const PACKAGES = ['schemas', 'platform', 'connectors', 'ingest-api', 'aggregator', 'forecaster', 'dlq-replayer']
const sources = sourceFiles().filter((file) => new RegExp(`^(?:${PACKAGES.join('|')})/(?!test/)`).test(file))
const code = (file: string) => sourceOf(file).replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')

/** A room is a folder of a package; what lies beside the rooms wires them. */
const isInRoom = (file: string) => dirname(file).includes('/')

/** Rooms, and files beside them, that may speak to what is outside by this package. */
const DRIVERS: Record<string, string[]> = {
  pg: ['ingest-api/', 'connectors/capture/', 'connectors/resend/', 'dlq-replayer/worker/bullmq-cuts.ts'],
  kafkajs: ['platform/kafka/', 'platform/kafkajs-fast/', 'dlq-replayer/adapters/'],
  '@duckdb/node-api': ['platform/duckdb/', 'aggregator/', 'forecaster/'],
  bullmq: ['dlq-replayer/worker/'],
  ioredis: ['ingest-api/admission/', 'dlq-replayer/worker/'],
  express: ['platform/http/', 'ingest-api/http/', 'ingest-api/admission/', 'aggregator/answer/', 'forecaster/answer/'],
  'express-rate-limit': ['ingest-api/admission/', 'ingest-api/http/'],
  '@bsull/augurs': ['forecaster/models/'],
  '@kafkajs/confluent-schema-registry': ['platform/avro/'],
}

describe('the house', () => {
  it('has no import circle, types included', () => {
    expect(circles(importGraph())).to.deep.equal([])
  })

  it('has arrows between rooms that point one way', () => {
    const rooms = new Map<string, Set<string>>()
    for (const [file, imports] of importGraph(sources)) {
      for (const other of imports) {
        if (!isInRoom(file) || !isInRoom(other) || dirname(file) === dirname(other)) continue
        rooms.set(dirname(file), (rooms.get(dirname(file)) ?? new Set()).add(dirname(other)))
      }
    }
    expect(circles(rooms satisfies Graph)).to.deep.equal([])
  })

  it('opens no door that nobody uses', () => {
    const used = new Set(sourceFiles().flatMap((file) => specifiersOf(file).map((specifier) => `${file.split('/')[0]} ${specifier}`)))
    const isUsed = (specifier: string) => [...used].some((use) => use.endsWith(` ${specifier}`))
    for (const folder of PACKAGES) {
      const { imports = {}, exports = {} } = doorsOf(folder)
      expect(Object.keys(imports).filter((door) => !used.has(`${folder} ${door}`))).to.deep.equal([])
      expect(Object.keys(exports).filter((door) => !isUsed(door.replace('.', `@tally/${folder}`)))).to.deep.equal([])
    }
  })

  it('speaks to what is outside where it is meant to', () => {
    const elsewhere = sources.flatMap((file) =>
      specifiersOf(file)
        .filter((specifier) => DRIVERS[specifier] !== undefined && !DRIVERS[specifier].some((place) => file.startsWith(place)))
        .map((specifier) => `${file} imports ${specifier}`),
    )
    expect(elsewhere).to.deep.equal([])
  })

  it('knows the insides of KafkaJS in one room', () => {
    const knowing = sources.filter((file) => specifiersOf(file).some((specifier) => specifier.startsWith('kafkajs/src/')))
    expect(knowing.filter((file) => !file.startsWith('platform/kafkajs-fast/'))).to.deep.equal([])
  })

  it('reads the clock in clock.ts alone', () => {
    const reading = sources.filter((file) => file !== 'platform/process/clock.ts' && /\bDate\.now\(|new Date\(\)/.test(code(file)))
    expect(reading).to.deep.equal([])
  })

  it('knows no order, bucket or forecast in platform', () => {
    const inPlatform = sources.filter((file) => file.startsWith('platform/'))
    const words = /\b(?:order(?:s|Id)?Placed|\w*[oO]rder(?:Id|Event|Bucket|Forecast)\w*|forecast\w*)\b/
    expect(inPlatform.filter((file) => words.test(code(file)))).to.deep.equal([])
  })

  it('opens every source with what it promises', () => {
    expect(sources.filter((file) => !sourceOf(file).startsWith('// '))).to.deep.equal([])
  })
})
