import { kafkaLog } from '@tally/platform/kafka/log'
import { systemClock } from '@tally/platform/process/clock'
import { createLog } from '@tally/platform/process/log'
import { readDeadLetter } from '@tally/platform/records/dead-letter'
import type { DeadLetter } from '@tally/platform/records/failed-record'
import { readRanges } from '@tally/platform/records/read-ranges'
import type { RecordLog } from '@tally/platform/records/record-log'
import { AGGREGATOR, dlqOf, ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { POISON_HEADER, poisonRecord } from '../../ops/demo/poison-event.ts'
import { isRegistered, nextSchemaId, registerAs } from '../../ops/demo/poison-schema.ts'
import { eventOf, replayDlq, undecodableEvent } from '../support/bad-events.ts'
import { allCounted, counted, eventCounted } from '../support/counts.ts'
import { addMerchant, orderIn, placeAll, stackCommand, sumOf, uniqueCategory } from '../support/orders.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const DLQ = dlqOf(ORDER_EVENTS, AGGREGATOR)
const PARTITION = 2

/** As another producer would have written it: `make mend` must keep its hands off. */
function withoutMark(poison: ReturnType<typeof poisonRecord>): ReturnType<typeof poisonRecord> {
  const { [POISON_HEADER]: _, ...headers } = poison.record.headers ?? {}
  return { ...poison, record: { ...poison.record, headers } }
}

describe('records that cannot be counted', () => {
  let log: RecordLog
  before(() => {
    log = kafkaLog({ brokers: [stack.kafka], clientId: 'poison-test', log: createLog('test', 'silent') })
  })
  after(() => log.close())

  async function lettersFrom(ends: Map<number, bigint>): Promise<DeadLetter[]> {
    const ranges = [...(await log.bounds(DLQ))].map(([partition, { highWatermark }]) => {
      return { partition, from: ends.get(partition) ?? 0n, next: highWatermark }
    })
    const letters: DeadLetter[] = []
    for await (const record of readRanges(log, DLQ, ranges)) {
      const letter = readDeadLetter(record)
      if (letter) letters.push(letter)
    }
    return letters
  }

  it('become dead letters, once each, byte for byte, while the partition goes on; a replay of the mended one counts it once', async () => {
    const apiKey = await addMerchant()
    const category = uniqueCategory('poison')
    const dlqEnds = new Map([...(await log.bounds(DLQ))].map(([partition, { highWatermark }]) => [partition, highWatermark]))
    const orders = Array.from({ length: 60 }, (_, n) => orderIn(category, n))
    await placeAll(apiKey, orders.slice(0, 30))

    const schemaId = await nextSchemaId(stack.schemaRegistryUrl)
    const unknown = withoutMark(poisonRecord(schemaId, String(schemaId), systemClock, category))
    const violating = await eventOf(unknown.eventId + 1n, 'violating', -1)
    const bad = [undecodableEvent(), unknown.record, violating]
    await log.append(
      ORDER_EVENTS,
      bad.map((record) => ({ ...record, partition: PARTITION })),
    )
    await placeAll(apiKey, orders.slice(30))

    const letters = await until(
      async () => {
        const found = await lettersFrom(dlqEnds)
        return found.length >= bad.length && found
      },
      { what: 'three dead letters' },
    )
    await allCounted()
    expect(await counted(category)).to.deep.equal(sumOf(orders, category))
    expect(letters.map(({ reason }) => reason)).to.deep.equal(['undecodable', 'unknown-schema', 'contract-violation'])
    for (const [n, { key, value, headers, topic, partition, group }] of letters.entries()) {
      expect({ key, value, headers }).to.deep.equal({ key: bad[n]?.key, value: bad[n]?.value, headers: bad[n]?.headers })
      expect({ topic, partition, group }).to.deep.equal({ topic: ORDER_EVENTS, partition: PARTITION, group: AGGREGATOR })
    }
    expect(await lettersFrom(dlqEnds)).to.have.lengthOf(bad.length)

    const eventId = String(unknown.eventId)
    expect((await eventCounted(eventId)).counted).to.equal(false)
    expect(await stackCommand(['exec', 'aggregator', '--', 'node', 'ops/demo/mend.ts'])).to.include('nothing to mend')
    expect(await isRegistered(stack.schemaRegistryUrl, schemaId)).to.equal(false)
    await registerAs(stack.schemaRegistryUrl, schemaId)
    const replayed = await replayDlq({ EVENT_ID: eventId, GO: '1', WHY: 'schema registered' })
    expect(replayed.status, replayed.output).to.equal(0)
    expect((await eventCounted(eventId)).counted).to.equal(true)
    const { orders: count, units, revenueMinor } = sumOf(orders, category)
    const once = { orders: count + 1, units: units + 2, revenueMinor: revenueMinor + 4_200 }
    expect(await counted(category)).to.deep.equal(once)
    expect((await replayDlq({ EVENT_ID: eventId, GO: '1', WHY: 'again' })).status).to.equal(3)
    expect(await counted(category)).to.deep.equal(once)
  })
})
