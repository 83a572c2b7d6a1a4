import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaLog } from '@tally/platform/kafka/log'
import { createLog } from '@tally/platform/process/log'
import { schemaOf } from '@tally/schemas/contract/files'
import { ORDER_EVENTS, subjectOf } from '@tally/schemas/contract/topics'
import { httpSubjects } from '@tally/schemas/registry/subjects'
import { selectRecords } from '@tally/schemas/topics/select-records'
import { expect } from 'chai'
import { type Checkout, copyCheckout, runIn, type Started } from '../support/checkout.ts'
import { allCounted, counted } from '../support/counts.ts'
import { addMerchant, environmentOf, type OrderRequest, orderIn, placeAll, stackCommand, sumOf, uniqueCategory } from '../support/orders.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

type Schema = { fields: { name: string; type: unknown; default?: unknown; doc?: string }[] }

const SUBJECT = subjectOf(ORDER_EVENTS)

/** A checkout whose OrderPlaced is changed. */
function checkoutWith(change: (schema: Schema) => void): Checkout {
  const checkout = copyCheckout()
  const schema = JSON.parse(schemaOf(ORDER_EVENTS))
  change(schema)
  writeFileSync(join(checkout.path, 'schemas/OrderPlaced.avsc'), JSON.stringify(schema, null, 2))
  return checkout
}

describe('a schema that changes', () => {
  const checkouts: Checkout[] = []
  const started: Started[] = []
  const registry = { SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl }

  afterEach(async () => {
    for (const { process } of started) process.kill('SIGKILL')
    await Promise.all(started.splice(0).map(({ ended }) => ended))
    for (const checkout of checkouts.splice(0)) checkout.remove()
    await stackCommand(['start', 'aggregator'])
  })

  async function start(checkout: Checkout, service: string, env: Record<string, string>): Promise<Started> {
    const child = runIn(checkout, `${service}/main.ts`, { ...(await environmentOf(service)), ...env })
    started.push(child)
    return child
  }

  async function place(api: string, apiKey: string, orders: OrderRequest[]): Promise<void> {
    for (const order of orders) {
      const answer = await fetch(`${api}/v1/orders`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(order),
      })
      expect(answer.status, await answer.text()).to.equal(201)
    }
  }

  it('by a field with a default is read by old and new aggregators, old and new events mixed, and counts stay right', async () => {
    const next = checkoutWith(({ fields }) =>
      fields.push({ name: 'channel', doc: 'Where it was ordered.', type: 'string', default: 'web' }),
    )
    checkouts.push(next)
    const registered = runIn(next, 'schemas/register.ts', { ...registry, PUBLISH_NEW: '1' })
    expect(await registered.ended, registered.output()).to.equal(0)
    const published = readFileSync(join(next.path, `schemas/history/${SUBJECT}/2.avsc`), 'utf8')
    const ids = await Promise.all(
      [schemaOf(ORDER_EVENTS), published].map((schema) => httpSubjects(stack.schemaRegistryUrl).find(SUBJECT, schema)),
    )

    const newApi = await start(next, 'ingest-api', { LISTEN: '127.0.0.1:0', OPS_LISTEN: '127.0.0.1:0' })
    const line = await until(() => /^.*taking orders.*$/m.exec(newApi.output())?.[0], { what: 'the new API takes orders' })
    const newUrl = `http://127.0.0.1:${JSON.parse(line).port}`
    const apiKey = await addMerchant()
    const category = uniqueCategory('evolution')
    const orders: OrderRequest[] = []
    const placeMixed = async () => {
      const batch = Array.from({ length: 20 }, (_, n) => orderIn(category, orders.length + n))
      orders.push(...batch)
      await Promise.all([placeAll(apiKey, batch.slice(0, 10), 2), place(newUrl, apiKey, batch.slice(10))])
    }
    const countsAreRight = async (who: string) => {
      await allCounted()
      expect(await counted(category), who).to.deep.equal(sumOf(orders, category))
    }

    await placeMixed()
    await countsAreRight('the old aggregator')

    await stackCommand(['stop', 'aggregator'])
    const newAggregator = await start(next, 'aggregator', {})
    await placeMixed()
    await until(() => newAggregator.output().includes('counting'), { what: 'the new aggregator counts' })
    await countsAreRight('the new aggregator, on the file of the old one')
    newAggregator.process.kill('SIGTERM')
    expect(await newAggregator.ended, newAggregator.output()).to.equal(0)

    await stackCommand(['start', 'aggregator'])
    await placeMixed()
    await countsAreRight('the old aggregator again')
    expect(await schemaIdsOfNewest(orders.length)).to.include.members(ids)
  })

  it('in a way that cannot be read is refused by the check, by the registry and by the service at its start', async () => {
    const broken = checkoutWith(({ fields }) => {
      for (const field of fields) if (field.name === 'totalMinor') field.type = 'string'
    })
    checkouts.push(broken)
    const check = runIn(broken, 'schemas/check.ts', {})
    expect(await check.ended, check.output()).to.equal(1)
    expect(check.output()).to.include('TYPE_MISMATCH').and.include('schemas/OrderPlaced.avsc')

    const register = runIn(broken, 'schemas/register.ts', { ...registry, PUBLISH_NEW: '1' })
    expect(await register.ended).to.equal(1)
    expect(register.output()).to.include('make schema-check')

    const schema = readFileSync(join(broken.path, 'schemas/OrderPlaced.avsc'), 'utf8')
    const refusal = await httpSubjects(stack.schemaRegistryUrl)
      .register(SUBJECT, schema)
      .catch((error: unknown) => error)
    expect(refusal).to.be.an('error').with.property('message').that.includes('409')

    for (const service of ['ingest-api', 'aggregator']) {
      const unregistered = await start(broken, service, {
        LISTEN: '127.0.0.1:0',
        OPS_LISTEN: '127.0.0.1:0',
        DATA_FILE: join(broken.path, 'counts.duckdb'),
      })
      expect(await unregistered.ended, service).to.equal(1)
      expect(unregistered.output(), service).to.include(`not registered in subject ${SUBJECT}`).and.include('make schema-register')
    }
  })
})

async function schemaIdsOfNewest(count: number): Promise<Set<number | undefined>> {
  const log = kafkaLog({ brokers: [stack.kafka], clientId: 'evolution-test', log: createLog('test', 'silent') })
  const ids = new Set<number | undefined>()
  try {
    for await (const { value } of selectRecords(log, { topic: ORDER_EVENTS, from: undefined, count, key: undefined }))
      ids.add(value?.readInt32BE(1))
  } finally {
    await log.close()
  }
  return ids
}
