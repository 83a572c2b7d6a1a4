import { expect } from 'chai'
import { openapi } from '../http/openapi.ts'
import { newOrder } from './orders.ts'
import type { TestApi } from './test-api.ts'
import { startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

type Content = Record<string, { example?: unknown; examples?: { two?: { value: string } } }>
type Operation = { requestBody: { content: Content } }

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

describe('the description of the API', () => {
  let database: TestDatabase
  let api: TestApi
  let key: string

  before(async () => {
    database = await createTestDatabase()
    api = await startApi({ databaseUrl: database.url('tally_api') })
    key = await database.addMerchant()
  })
  after(async () => {
    await api?.close()
    await database?.drop()
  })

  it('is served, to programs and to people, without a key and without scripts', async () => {
    expect((await api.request('/openapi.json')).body).to.deep.equal(JSON.parse(JSON.stringify(openapi)))
    const page = await api.request('/docs')
    expect(page.status).to.equal(200)
    expect(page.text)
      .to.contain('POST /v1/orders')
      .and.not.match(/<script|style=|https?:\/\//)
  })

  it('names exactly the methods that are possible', async () => {
    const { body } = await api.post(key, newOrder())
    for (const [path, operations] of Object.entries(openapi.paths)) {
      for (const method of METHODS) {
        const answer = await api.request(path.replace('{orderId}', body.orderId), {
          method: method.toUpperCase(),
          headers: { Authorization: `Bearer ${key}` },
        })
        expect(answer.status === 405, `${method} ${path}: ${answer.status}`).to.equal(!(method in operations))
      }
    }
  })

  it('has examples that run', async () => {
    for (const [path, { post }] of Object.entries(openapi.paths) as [string, { post?: Operation }][]) {
      for (const [mediaType, { example, examples }] of Object.entries(post?.requestBody.content ?? {})) {
        const body = example === undefined ? examples?.two?.value : JSON.stringify(example)
        const headers = { Authorization: `Bearer ${await database.addMerchant()}`, 'Content-Type': mediaType }
        const { status, text } = await api.request(path, { method: 'POST', headers, body: String(body) })
        expect(status, text).to.be.oneOf([200, 201])
        expect(text).to.not.contain('problem')
      }
    }
  })

  it('and its pages tell other methods what is possible, and load nothing', async () => {
    for (const path of ['/openapi.json', '/docs', '/problems', '/problems/not-json']) {
      const refused = await api.request(path, { method: 'POST' })
      expect([refused.status, refused.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD'])
      const page = await api.request(path, { method: 'HEAD' })
      expect([page.status, page.text, page.headers.get('x-content-type-options')]).to.deep.equal([200, '', 'nosniff'])
      if (path !== '/openapi.json') expect(page.headers.get('content-security-policy')).to.contain("default-src 'none'")
    }
  })

  it('accepts the example made of its examples', async () => {
    const { properties } = openapi.components.schemas.OrderRequest as {
      properties: Record<string, { examples: unknown[]; items: { properties: Record<string, { examples: unknown[] }> } }>
    }
    const line = Object.fromEntries(
      Object.entries(properties.lines?.items.properties ?? {}).map(([name, { examples }]) => [name, examples[0]]),
    )
    const order = { externalOrderId: properties.externalOrderId?.examples[0], currency: properties.currency?.examples[0], lines: [line] }
    expect((await api.post(key, order)).status).to.equal(201)
  })
})
