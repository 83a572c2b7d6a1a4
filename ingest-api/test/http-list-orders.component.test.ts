import { expect } from 'chai'
import { newOrder } from './orders.ts'
import type { TestApi } from './test-api.ts'
import { startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

describe('reading orders', () => {
  let database: TestDatabase
  let api: TestApi
  let key: string
  const ids: string[] = []

  before(async () => {
    database = await createTestDatabase()
    api = await startApi({ databaseUrl: database.url('tally_api') })
    key = await database.addMerchant()
    for (let n = 0; n < 25; n += 1) ids.unshift((await api.post(key, newOrder())).body.orderId)
    await api.post(await database.addMerchant(), newOrder())
  })
  after(async () => {
    await api?.close()
    await database?.drop()
  })

  const get = async (path: string) => (await api.request(path, { headers: { Authorization: `Bearer ${key}` } })).body
  const idsOf = ({ data }: { data: { orderId: string }[] }) => data.map(({ orderId }) => orderId)

  it("lists the merchant's own orders, newest first, 20 at a time", async () => {
    const first = await get('/v1/orders')
    expect(idsOf(first)).to.deep.equal(ids.slice(0, 20))
    expect(first.hasMore).to.equal(true)
    const second = await get(`/v1/orders?startingAfter=${ids[19]}`)
    expect(idsOf(second)).to.deep.equal(ids.slice(20))
    expect(second.hasMore).to.equal(false)
  })

  it('says there is no more when a page ends with the last order', async () => {
    const page = await get('/v1/orders?limit=25')
    expect(idsOf(page)).to.deep.equal(ids)
    expect(page.hasMore).to.equal(false)
    expect(await get(`/v1/orders?startingAfter=${ids[24]}`)).to.deep.equal({ data: [], hasMore: false })
  })

  it('gives one order as it was answered when it was placed', async () => {
    const [first] = (await get('/v1/orders?limit=1')).data
    expect(await get(`/v1/orders/${first.orderId}`)).to.deep.equal(first)
  })
})
