import { aggregatorConfig } from '@tally/aggregator/config'
import { serviceConfig } from '@tally/dlq-replayer/config'
import { forecasterConfig } from '@tally/forecaster/config'
import { ingestConfig, migrateConfig } from '@tally/ingest-api/config'
import { expect } from 'chai'
import { readCompose } from '../stack/compose-file.ts'
import { readWith } from './support/config.ts'

const FILE = new URL('../../compose.yaml', import.meta.url).pathname
const READ = {
  'ingest-api': ingestConfig,
  migrate: migrateConfig,
  aggregator: aggregatorConfig,
  forecaster: forecasterConfig,
  'dlq-replayer': serviceConfig,
}

/** What a deployment does not choose: the queues and the group are those of the topic table; tests choose others. */
const FIXED = ['DEAD_LETTER_QUEUES', 'AUDIT_TOPIC', 'AGGREGATOR_GROUP']

/** As compose.yaml gives it to a service where nothing is set, and the same without what has a default. */
const given = readCompose(FILE, (_name, otherwise) => otherwise)
const required = readCompose(FILE, (name, otherwise) => (/_(PORT|PASSWORD)$/.test(name) ? otherwise : ''))

describe('the configuration of services', () => {
  for (const [name, read] of Object.entries(READ) as [keyof typeof READ, () => unknown][]) {
    it(`of ${name} is all in compose.yaml, and nothing else is`, () => {
      const environment = given[name]?.environment ?? {}
      expect(readWith(environment, read).names.filter((variable) => !FIXED.includes(variable))).to.have.members(Object.keys(environment))
    })

    it(`of ${name} has the defaults that compose.yaml gives`, () => {
      const environment = given[name]?.environment ?? {}
      const own = Object.entries(environment).filter(([variable, value]) => value !== '' && required[name]?.environment[variable] !== '')
      const { values } = readWith(environment, read)
      expect(values, 'a fault in what compose.yaml gives').to.be.an('object')
      expect(readWith(Object.fromEntries(own), read).values).to.deep.equal(values)
    })
  }
})
