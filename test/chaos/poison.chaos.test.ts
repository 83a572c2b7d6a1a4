import type { NewRecord } from '@tally/platform/records/record-log'
import { expect } from 'chai'
import { underLoad } from '../support/chaos.ts'
import { allCounted } from '../support/counts.ts'
import { lettersWith, placeOf } from '../support/dead-letters.ts'
import { bringUp, restarts, statusOf } from '../support/faults.ts'
import type { Random } from '../support/random.ts'
import { appendEvents } from '../support/republish.ts'
import { until } from '../support/until.ts'

const PARTITIONS = 6

/** No Avro, or Avro's frame around nothing that is an order; each names the storm. */
function poison(storm: string, count: number, random: Random, partition?: number): NewRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    key: Buffer.from(String(n)),
    value: Buffer.concat([random.below(2) ? Buffer.from('no Avro ') : Buffer.from([0, 0, 0, 0x7f, 0x7f]), Buffer.from(`${storm} ${n}`)]),
    headers: { id: Buffer.from(String(n + 1)), eventType: Buffer.from('OrderPlaced') },
    partition: partition ?? random.below(PARTITIONS),
  }))
}

/** Exactly one letter for each of them. */
async function settled(storm: string, count: number): Promise<void> {
  const letters = await until(
    async () => {
      const found = await lettersWith(storm)
      return found.length >= count && found
    },
    { what: `${count} dead letters`, everyMs: 500, timeoutMs: 60_000 },
  )
  expect(letters).to.have.lengthOf(count)
  expect(new Set(letters.map(placeOf)).size).to.equal(count)
}

describe('a poison storm', () => {
  it('below the limit becomes dead letters, one for each record, and holds nothing up', async function () {
    this.timeout(240_000)
    await underLoad(async ({ prefix, random, more }) => {
      const before = await restarts()
      const storm = `poison-${prefix}`
      for (let wave = 0; wave < 5; wave += 1) {
        await appendEvents(poison(storm, 20, random))
        await more(250)
        // Good ones in between, so that no fifty bad ones come in a row.
        await allCounted()
      }
      await settled(storm, 100)
      expect(await restarts()).to.deep.equal(before)
    })
  })

  it('beyond the limit stops the aggregator before a letter is written; with the limit raised each becomes one, and all orders count', async function () {
    this.timeout(300_000)
    await underLoad(async ({ prefix, random, more }) => {
      const { restarts: before } = await statusOf('aggregator')
      const storm = `poison-${prefix}`
      await appendEvents(poison(storm, 120, random, 3))
      await until(async () => (await statusOf('aggregator')).restarts >= before + 4, {
        what: 'it stops again and again',
        timeoutMs: 90_000,
      })
      expect(await lettersWith(storm)).to.have.lengthOf(0)
      await bringUp({ DLQ_MAX_IN_A_ROW: '1000', DLQ_MAX_SHARE: '1' })
      await more(200)
      await settled(storm, 120)
      await bringUp()
    })
  })
})
