import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import pg from 'pg'
import { testKafka } from '../../platform/test/support/kafka.ts'
import { allCounted, asOf, counted } from '../support/counts.ts'
import { addMerchant, orderIn, placeAll, sumOf, uniqueCategory } from '../support/orders.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const CONNECTOR = `${stack.connectUrl}/connectors/order-outbox`
const state = async () =>
  (await (await fetch(`${CONNECTOR}/status`)).json()) as { connector: { state: string }; tasks: { state: string }[] }

/** Connect calls a connector stopped before its task has ended, which sends heartbeats until then. */
async function taskIsGone(): Promise<boolean> {
  const client = new pg.Client(stack.database('tally_reader'))
  await client.connect()
  const slot = "select from pg_replication_slots where slot_name = 'order_outbox' and not active"
  return (await client.query(slot).finally(() => client.end())).rowCount === 1
}

describe('as of', () => {
  afterEach(async () => {
    await fetch(`${CONNECTOR}/resume`, { method: 'PUT' })
    await until(async () => (await state()).tasks[0]?.state === 'RUNNING', { what: 'the connector runs again' })
  })

  it('moves on without any traffic', async () => {
    const before = await asOf()
    await until(async () => (await asOf()) > before, { what: 'asOf grows', timeoutMs: 15_000 })
  })

  it('never passes orders behind an open transaction of somebody else, and moves on behind its end without any traffic', async () => {
    const apiKey = await addMerchant()
    const category = uniqueCategory('behind')
    await allCounted()
    const foreign = testKafka('foreign')
    try {
      const partitions = [...(await foreign.recordLog.bounds(ORDER_EVENTS)).keys()]
      // A record that no group handles: only the transactions count here.
      const headers = { 'replay.group': Buffer.from('nobody') }
      const transactions = await Promise.all(
        partitions.map((partition) => foreign.transaction(ORDER_EVENTS, partition, [{ key: null, value: null, headers }])),
      )
      const orders = Array.from({ length: 30 }, (_, n) => orderIn(category, n))
      await placeAll(apiKey, orders)
      const acknowledged = Date.now()
      const waits = /loop.*a transaction of some producer has been open/
      await until(async () => waits.test(await (await fetch(`${stack.aggregatorOps}/readyz`)).text()), {
        what: 'the aggregator says for what it waits',
      })
      expect(await counted(category)).to.deep.equal({ orders: 0, units: 0, revenueMinor: 0 })
      expect(await asOf()).to.be.at.most(acknowledged)
      for (const [n, { commit, abort }] of transactions.entries()) await (n % 2 === 0 ? commit() : abort())
      await allCounted()
      expect(await counted(category)).to.deep.equal(sumOf(orders, category))
      const ends = await foreign.recordLog.bounds(ORDER_EVENTS)
      expect([...ends.values()].every(({ lastStable, highWatermark }) => lastStable === highWatermark)).to.equal(true)
    } finally {
      await foreign.recordLog.close()
    }
  })

  it('stands still while the connector is stopped, though orders are accepted, and catches up with all of them', async () => {
    const apiKey = await addMerchant()
    const category = uniqueCategory('stopped')
    await allCounted()
    await fetch(`${CONNECTOR}/stop`, { method: 'PUT' })
    await until(async () => (await state()).connector.state === 'STOPPED', { what: 'the connector is stopped' })
    await until(taskIsGone, { what: 'nobody reads the outbox any more' })
    const stoppedAt = Date.now()
    const orders = Array.from({ length: 50 }, (_, n) => orderIn(category, n))
    await placeAll(apiKey, orders)
    let [still, since] = [await asOf(), Date.now()]
    await until(
      async () => {
        const told = await asOf()
        // What was in the topic by then may still come.
        if (told !== still) [still, since] = [told, Date.now()]
        return Date.now() - since > 8_000
      },
      { what: 'it stands still for 8 s' },
    )
    expect(still).to.be.at.most(stoppedAt)
    expect(await counted(category)).to.deep.equal({ orders: 0, units: 0, revenueMinor: 0 })

    await fetch(`${CONNECTOR}/resume`, { method: 'PUT' })
    await allCounted()
    expect(await counted(category)).to.deep.equal(sumOf(orders, category))
  })
})
