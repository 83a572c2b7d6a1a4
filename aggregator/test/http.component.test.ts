// What callers see on the public port, over a real file.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { httpApp } from '@tally/platform/http/app'
import { type Listening, listen } from '@tally/platform/http/server'
import { createLog } from '@tally/platform/process/log'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { Registry } from 'prom-client'
import { routes } from '../answer/http.ts'
import { type Opened, openCounting, scratch } from './support/counting.ts'
import { event, idAt, line, NOW, newId, slice } from './support/orders.ts'

describe('the aggregator over HTTP', () => {
  const files = scratch()
  const first = newId()
  let opened: Opened
  let http: Listening
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${http.port}${path}`, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: text.startsWith('{') ? JSON.parse(text) : undefined }
  }
  before(async () => {
    opened = await openCounting(files.path)
    http = await listen(
      httpApp({ log: createLog('test', 'silent'), metrics: new Registry(), routes: routes(opened.answers, opened.clock, 0) }),
      { host: '127.0.0.1', port: 0 },
    )
    opened.counting.aimAt({ asOf: BigInt(NOW - 3_000) * 1000n, ends: new Map() })
    await opened.counting.handle(
      slice(0n, [
        event(first, { lines: [line('Chairs', 2, 500n), line('Chairs', 1, 100n), line('Tables, "round"', 1, 9_900n)] }),
        event(newId(), { lines: [line('Chairs', 10, 1n)] }),
        event(newId(), { currency: 'EUR', lines: [line('Chairs', 1, 2n ** 60n + 1n)] }),
        event(newId(), { placedAt: BigInt(NOW - 2 * 86_400_000) * 1000n, lines: [line('Lamps', 1, 10_000n)] }),
      ]),
    )
  })
  after(async () => {
    await http.close()
    await opened.close()
    files.remove()
  })

  it('ranks the categories of the last day by revenue, with shares of the whole', async () => {
    const { status, body } = await ask('/v1/categories/top?currency=USD')
    expect(status).to.equal(200)
    expect(body).to.deep.equal({
      asOf: '2026-11-24T11:59:57Z',
      freshness: 'fresh',
      currency: 'USD',
      window: { start: '2026-11-23T12:01:00Z', end: '2026-11-24T12:01:00Z' },
      categories: [
        { rank: 1, category: 'Tables, "round"', orders: 1, units: 1, revenueMinor: 9_900, share: 0.899183 },
        { rank: 2, category: 'Chairs', orders: 2, units: 13, revenueMinor: 1_110, share: 0.100817 },
      ],
    })
  })

  it('ranks by units and orders, over other windows, and cuts at the limit without changing shares', async () => {
    const { body } = await ask('/v1/categories/top?currency=USD&by=units&window=3650d&limit=1')
    expect(body.categories).to.deep.equal([{ rank: 1, category: 'Chairs', orders: 2, units: 13, revenueMinor: 1_110, share: 0.866667 }])
  })

  it('writes amounts beyond 2^53 with all their digits', async () => {
    const { text } = await ask('/v1/categories/top?currency=EUR')
    expect(text).to.contain(`"revenueMinor":${2n ** 60n + 1n}`)
  })

  it('answers a currency that nobody used with an empty list', async () => {
    expect((await ask('/v1/categories/top?currency=JPY')).body.categories).to.deep.equal([])
  })

  it('names every fault of a query at once', async () => {
    const { status, headers, body } = await ask('/v1/categories/top?window=24&limit=0&by=weight&colour=red')
    expect(status).to.equal(422)
    expect(headers.get('content-type')).to.contain('application/problem+json')
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).to.have.members([
      '/currency',
      '/window',
      '/limit',
      '/by',
      '/colour',
    ])
    const missing = await ask('/v1/buckets')
    expect(missing.body.errors).to.deep.equal([
      { pointer: '/size', detail: 'is required' },
      { pointer: '/from', detail: 'is required' },
      { pointer: '/to', detail: 'is required' },
    ])
    expect((await ask('/v1/buckets?size=day&from=2026-11-24&to=2026-11-24')).body.errors[0].pointer).to.equal('/to')
  })

  it('gives buckets by minute, hour and day; those that asOf has passed are complete', async () => {
    const day = await ask('/v1/buckets?size=day&from=2026-11-22&to=2026-11-25&currency=USD')
    expect(
      day.body.buckets.map((one: Record<string, unknown>) => [one.start, one.end, one.category, one.orders, one.complete]),
    ).to.deep.equal([
      ['2026-11-22T00:00:00Z', '2026-11-23T00:00:00Z', 'Lamps', 1, true],
      ['2026-11-24T00:00:00Z', '2026-11-25T00:00:00Z', 'Chairs', 2, false],
      ['2026-11-24T00:00:00Z', '2026-11-25T00:00:00Z', 'Tables, "round"', 1, false],
    ])
    const hour = await ask('/v1/buckets?size=hour&from=2026-11-24T11:00:00Z&to=2026-11-24T12:00:00Z&currency=USD&category=Chairs')
    expect(hour.body.buckets).to.deep.equal([
      {
        start: '2026-11-24T11:00:00Z',
        end: '2026-11-24T12:00:00Z',
        category: 'Chairs',
        currency: 'USD',
        orders: 2,
        units: 13,
        revenueMinor: 1_110,
        complete: false,
      },
    ])
    const minute = await ask('/v1/buckets?size=minute&from=2026-11-24T11:00:00.000001Z&to=2026-11-24T12:00:00Z')
    expect(minute.body.buckets).to.deep.equal([])
  })

  it('gives buckets as CSV, quoted, with asOf in the file name', async () => {
    const { headers, text } = await ask('/v1/buckets?size=hour&from=2026-11-24T11:00:00Z&to=2026-11-24T12:00:00Z&currency=USD&format=csv')
    expect(headers.get('content-type')).to.equal('text/csv; charset=utf-8')
    expect(headers.get('content-disposition')).to.equal('attachment; filename=buckets-hour-as-of-20261124T115957Z.csv')
    expect(text).to.equal(
      'start,end,category,currency,orders,units,revenueMinor,complete\r\n' +
        '2026-11-24T11:00:00Z,2026-11-24T12:00:00Z,Chairs,USD,2,13,1110,false\r\n' +
        '2026-11-24T11:00:00Z,2026-11-24T12:00:00Z,"Tables, ""round""",USD,1,1,9900,false\r\n',
    )
  })

  it('gives buckets as Parquet, with exact amounts and asOf in the file name', async () => {
    const response = await fetch(
      `http://127.0.0.1:${http.port}/v1/buckets?size=hour&from=2026-11-24T11:00:00Z&to=2026-11-24T12:00:00Z&format=parquet`,
    )
    expect(response.headers.get('content-disposition')).to.equal('attachment; filename=buckets-hour-as-of-20261124T115957Z.parquet')
    const path = join(files.folder, 'answer.parquet')
    writeFileSync(path, Buffer.from(await response.arrayBuffer()))
    const rows = await opened.rows(
      `select epoch_ms("start")::bigint, epoch_ms("end")::bigint, category, currency, orders::bigint, units::bigint, "revenueMinor"::bigint, complete
       from '${path}' where category = 'Chairs'`,
    )
    const start = BigInt(NOW - 3_600_000)
    expect(rows).to.deep.equal([
      [start, BigInt(NOW), 'Chairs', 'EUR', 1n, 1n, 2n ** 60n + 1n, false],
      [start, BigInt(NOW), 'Chairs', 'USD', 2n, 13n, 1_110n, false],
    ])
  })

  it('gives the last day that the counts can keep, in every format', async () => {
    const last = event(newId(), { placedAt: 2n ** 31n * 60_000_000n - 1n, currency: 'XTS', lines: [line('Chairs', 1, 5n)] })
    await opened.counting.handle(slice(0n, [last], { partition: 2 }))
    for (const size of ['minute', 'hour', 'day']) {
      const path = `/v1/buckets?size=${size}&from=6053-01-23&to=6053-01-24&currency=XTS`
      expect((await ask(path)).body.buckets.map(({ revenueMinor }: { revenueMinor: number }) => revenueMinor)).to.deep.equal([5])
      expect((await ask(`${path}&format=csv`)).text).to.contain(',Chairs,XTS,1,1,5,false')
      expect((await ask(`${path}&format=parquet`)).text).to.contain('PAR1')
    }
  })

  it('refuses more buckets than it gives at once, in every format', async () => {
    const lines = Array.from({ length: 100 }, (_, n) => line(`C${n}`, 1, 1n))
    const many = Array.from({ length: 501 }, (_, n) => event(newId(), { currency: 'XTS', placedAt: BigInt(n) * 60_000_000n, lines }))
    await opened.counting.handle(slice(0n, many, { partition: 1 }))
    for (const format of ['json', 'csv', 'parquet']) {
      const { status, body } = await ask(`/v1/buckets?size=minute&from=1970-01-01&to=1970-01-02&currency=XTS&format=${format}`)
      expect([status, body.errors?.[0].pointer]).to.deep.equal([422, '/to'])
    }
    expect((await ask('/v1/buckets?size=day&from=1970-01-01&to=1970-01-02&currency=XTS')).body.buckets).to.have.length(100)
  })

  it('says of an event whether and where it was counted', async () => {
    expect((await ask(`/v1/events/${first}`)).body).to.deep.equal({
      eventId: String(first),
      counted: true,
      topic: 'order-events',
      partition: 0,
      offset: 0,
      countedAt: '2026-11-24T12:00:00Z',
      asOf: '2026-11-24T11:59:57Z',
    })
    const unknown = newId()
    expect((await ask(`/v1/events/${unknown}`)).body).to.deep.equal({
      eventId: String(unknown),
      counted: false,
      asOf: '2026-11-24T11:59:57Z',
    })
    const old = idAt(NOW - 9 * 86_400_000)
    expect((await ask(`/v1/events/${old}`)).body).to.include({ counted: false, beforeWindow: true })
    expect((await ask('/v1/events/x')).status).to.equal(404)
  })

  it('says of up to a thousand events at once, in the order asked for, the same as of each alone', async () => {
    const lookup = (eventIds: unknown) => ask('/v1/events/lookup', { ...post, body: JSON.stringify({ eventIds }) })
    const post = { method: 'POST', headers: { 'Content-Type': 'application/json' } }
    const ids = [newId(), first, idAt(NOW - 9 * 86_400_000), first].map(String)
    const { status, body } = await lookup(ids)
    const alone = await Promise.all(ids.map(async (id) => (await ask(`/v1/events/${id}`)).body))
    expect(status).to.equal(200)
    expect(body.asOf).to.equal(alone[0].asOf)
    expect(body.events).to.deep.equal(alone.map(({ asOf: _, ...event }) => event))

    expect((await lookup(Array(1_000).fill(String(first)))).body.events).to.have.length(1_000)
    expect((await lookup(Array(1_001).fill(String(first)))).body.errors[0].pointer).to.equal('/eventIds')
    expect((await lookup([String(first), '-1', 7])).body.errors.map(({ pointer }: { pointer: string }) => pointer)).to.deep.equal([
      '/eventIds/1',
      '/eventIds/2',
    ])
    expect((await lookup([])).status).to.equal(422)
    expect((await ask('/v1/events/lookup', { ...post, body: '{' })).status).to.equal(400)
    expect((await ask('/v1/events/lookup', { method: 'POST' })).status).to.equal(422)
    expect((await ask('/v1/events/lookup')).headers.get('allow')).to.equal('POST')
  })

  it('says of an event that failed why, until its replay is counted', async () => {
    const failed = newId()
    const deadLettered = [{ offset: 4n, eventId: failed, reason: 'undecodable' }]
    await opened.counting.handle(slice(4n, [], { next: 5n, deadLettered }))
    expect((await ask(`/v1/events/${failed}`)).body.deadLettered).to.deep.equal({ reason: 'undecodable', at: '2026-11-24T12:00:00Z' })
    await opened.counting.handle(slice(5n, [event(failed, { placedAt: 0n })]))
    expect((await ask(`/v1/events/${failed}`)).body).to.include({ counted: true, offset: 5 })
  })

  it('answers 304 to whoever has the answer already', async () => {
    const { headers } = await ask('/v1/categories/top?currency=USD')
    // Left to itself, fetch adds Cache-Control: no-cache, which asks for the whole answer.
    const revalidate = { 'If-None-Match': headers.get('etag') ?? '', 'Cache-Control': 'max-age=0' }
    const { status, text } = await ask('/v1/categories/top?currency=USD', { headers: revalidate })
    expect([status, text]).to.deep.equal([304, ''])
    await opened.counting.handle(slice(6n, [event()]))
    expect((await ask('/v1/categories/top?currency=USD', { headers: revalidate })).status).to.equal(200)
  })

  it('allows reading only', async () => {
    const { status, headers } = await ask('/v1/buckets', { method: 'POST' })
    expect(status).to.equal(405)
    expect(headers.get('allow')).to.equal('GET, HEAD')
  })

  it('says which records of some ranges were counted: not duplicates, not what failed, not what is to come', async () => {
    const post = { method: 'POST', headers: { 'Content-Type': 'application/json' } }
    const lookup = (ranges: unknown) => ask('/v1/records/lookup', { ...post, body: JSON.stringify({ ranges }) })
    const start = opened.counting.startAt('', 0)
    const range = (from: bigint, next: bigint, partition = 0) => ({ partition, from: Number(start + from), next: Number(start + next) })
    const [again, yesterday] = [newId(), idAt(NOW - 86_400_000)]
    await opened.counting.handle(slice(start, [event(), event(yesterday), event(again), event(again), event(), event()]))
    const { status, headers, body } = await lookup([range(1n, 5n), range(5n, 9n), range(0n, 4n, 2)])
    expect(status).to.equal(200)
    expect(headers.get('cache-control')).to.equal('no-store')
    expect(body).to.deep.equal({ asOf: body.asOf, topic: ORDER_EVENTS, counted: [range(1n, 3n), range(4n, 6n)] })
    const failed = [{ offset: start + 6n, eventId: newId(), reason: 'undecodable' }]
    await opened.counting.handle(slice(start + 6n, [], { next: start + 7n, deadLettered: failed }))
    expect((await lookup([range(4n, 8n)])).body.counted).to.deep.equal([range(4n, 6n)])

    const pointers = async (ranges: unknown) => (await lookup(ranges)).body.errors.map(({ pointer }: { pointer: string }) => pointer)
    expect(await pointers([])).to.deep.equal(['/ranges'])
    expect(await pointers(Array(501).fill(range(0n, 1n)))).to.deep.equal(['/ranges'])
    expect(await pointers([range(0n, 100_001n)])).to.deep.equal(['/ranges'])
    expect(await pointers([{ partition: -1, from: 3, next: 3 }])).to.deep.equal(['/ranges/0/partition', '/ranges/0/next'])
    expect((await ask('/v1/records/lookup')).headers.get('allow')).to.equal('POST')
  })
  it('says the same of events and records while a rebuild compares another file, which knows more days', async () => {
    const other = scratch()
    const early = idAt(NOW - 3 * 86_400_000)
    const fresh = await openCounting(other.path)
    await fresh.counting.handle(slice(0n, [event(early)]))
    await fresh.close()
    const connection = await opened.file.connect()
    await connection.run(`attach '${other.path}' as fresh (read_only)`)
    const [traced] = (await opened.answers.events([early])).answer
    const { answer } = await opened.answers.records([{ partition: 0, from: 0n, next: 1n }])
    await connection.run('detach fresh')
    connection.closeSync()
    other.remove()
    expect(traced).to.deep.equal({ eventId: early, beforeWindow: false })
    expect(answer).to.deep.equal([{ partition: 0, from: 0n, next: 1n }])
  })
})
