import { kafkaLog } from '@tally/platform/kafka/log'
import { systemClock } from '@tally/platform/process/clock'
import { tsidMint } from '@tally/platform/process/ids'
import { createLog } from '@tally/platform/process/log'
import type { NewRecord, RecordLog } from '@tally/platform/records/record-log'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { poisonRecord } from '../../ops/demo/poison-event.ts'
import { nextSchemaId, registerAs } from '../../ops/demo/poison-schema.ts'
import { eventOf, replayDlq, undecodableEvent } from '../support/bad-events.ts'
import { allCounted, counted } from '../support/counts.ts'
import { addMerchant, orderIn, placeAll, type Sum, sumOf, uniqueCategory } from '../support/orders.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

type Run = { how: string; tally: { outcomes: Record<string, number> } }
type Plan = { selected: number; queues: { topic: string; open: number; settled: number; causes: { reason: string; letters: number }[] }[] }

const DAY_MS = 86_400_000
/** A node number that no lease gives out. */
const NODE = 1022

const json = async <T>(variables: Record<string, string>): Promise<T & { status: number | null }> => {
  const { status, output } = await replayDlq({ ...variables, JSON: '1' })
  return { ...JSON.parse(output), status }
}
const plus = (sum: Sum, orders: number, units: number, revenueMinor: number): Sum => ({
  orders: sum.orders + orders,
  units: sum.units + units,
  revenueMinor: sum.revenueMinor + revenueMinor,
})

/** Written with a schema that is not registered yet; 2 units for 42.00 USD. */
function unregistered(schemaId: number, category: string, eventId: bigint): NewRecord {
  const { record } = poisonRecord(schemaId, String(schemaId), systemClock, category)
  return { ...record, headers: { ...record.headers, id: Buffer.from(String(eventId)) } }
}

describe('sixty letters of four causes among a thousand orders', () => {
  let log: RecordLog
  before(() => {
    log = kafkaLog({ brokers: [stack.kafka], clientId: 'replay-test', log: createLog('test', 'silent') })
  })
  after(() => log.close())

  it('are replayed cause by cause: what is mended counts once, the rest fails again or is not touched, to the cent', async function () {
    this.timeout(240_000)
    const apiKey = await addMerchant()
    const category = uniqueCategory('replay')
    const since = new Date().toISOString()
    const schemaId = await nextSchemaId(stack.schemaRegistryUrl)
    const mint = tsidMint(NODE, systemClock)
    const longAgo = tsidMint(NODE, { now: () => Date.now() - 30 * DAY_MS })
    const bad: NewRecord[] = [
      ...Array.from({ length: 20 }, () => unregistered(schemaId, category, mint())),
      ...Array.from({ length: 15 }, undecodableEvent),
      ...(await Promise.all(Array.from({ length: 15 }, () => eventOf(mint(), category, -1)))),
      ...(await Promise.all(Array.from({ length: 10 }, () => eventOf(longAgo(), category, 3)))),
    ]
    const orders = Array.from({ length: 1_000 }, (_, n) => orderIn(category, n))
    const records = async () => [...(await log.bounds(ORDER_EVENTS)).values()].reduce((sum, { highWatermark }) => sum + highWatermark, 0n)
    // Among the good ones, so that their share stays below the limit at which the group stops itself.
    for (let n = 0; n < 20; n += 1) {
      const before = await records()
      await placeAll(apiKey, orders.slice(n * 50, (n + 1) * 50))
      await until(async () => (await records()) >= before + 50n, { what: 'fifty orders are in the topic' })
      await log.append(
        ORDER_EVENTS,
        bad.filter((_, index) => index % 20 === n).map((record, index) => ({ ...record, partition: (n + index) % 6 })),
      )
    }
    const these = { TOPIC: ORDER_EVENTS, SINCE: since }
    const causes = async () => {
      const { queues } = await json<Plan>(these)
      return Object.fromEntries(queues.flatMap((queue) => queue.causes.map(({ reason, letters }) => [reason, letters])))
    }
    await until(async () => (await json<Plan>(these)).selected === 60, { what: 'sixty letters are in the plan' })
    expect(await causes()).to.deep.equal({ 'unknown-schema': 20, undecodable: 15, 'contract-violation': 15, 'older-than-window': 10 })
    await allCounted()
    const good = sumOf(orders, category)
    expect(await counted(category)).to.deep.equal(good)

    await registerAs(stack.schemaRegistryUrl, schemaId)
    const mended = { ...these, REASON: 'unknown-schema', GO: '1', WHY: 'the schema is registered', YES: '1' }
    const both = await Promise.all([replayDlq(mended), replayDlq(mended)])
    expect(
      both.map(({ status }) => status),
      both.map(({ output }) => output).join('\n'),
    ).to.include(0)
    const withMended = plus(good, 20, 40, 20 * 4_200)
    expect(await counted(category)).to.deep.equal(withMended)
    expect((await replayDlq(mended)).status).to.equal(3)
    expect(await counted(category)).to.deep.equal(withMended)

    const hoped = await json<{ runs: Run[] }>({ ...these, REASON: 'contract-violation', GO: '1', WHY: 'hope', YES: '1', CANARY: '5' })
    expect({ status: hoped.status, how: hoped.runs[0]?.how }).to.deep.equal({ status: 2, how: 'canary-failed' })
    expect(hoped.runs[0]?.tally.outcomes).to.deep.equal({ 'failed-again': 5 })

    const old = await json<{ runs: Run[] }>({ ...these, REASON: 'older-than-window', GO: '1', WHY: 'hope', YES: '1' })
    expect(old.runs[0]?.tally.outcomes, 'nobody knows whether they were counted').to.deep.equal({ 'failed-again': 10 })
    expect(await causes()).to.deep.equal({ undecodable: 15, 'contract-violation': 15, 'older-than-window': 10 })
    expect(await counted(category)).to.deep.equal(withMended)
  })
})
