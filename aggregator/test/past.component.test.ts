// The past, old minutes and answers kept for a moment, over a real file.
import { httpApp } from '@tally/platform/http/app'
import { type Listening, listen } from '@tally/platform/http/server'
import { createLog } from '@tally/platform/process/log'
import type { Passes } from '@tally/platform/process/passes'
import { expect } from 'chai'
import { Registry } from 'prom-client'
import { until } from '../../test/support/until.ts'
import { duckdbAnswers } from '../answer/answers.ts'
import { routes } from '../answer/http.ts'
import { type Tending, tendCounts } from '../store/maintain-counts.ts'
import { duckdbTending } from '../store/maintenance.ts'
import { DAY_MS, type Opened, openCounting, scratch } from './support/counting.ts'
import { event, handClock, line, NOW, newId, slice } from './support/orders.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const micros = (ms: number) => BigInt(ms) * 1000n
const iso = (ms: number) => new Date(ms).toISOString()

describe('counts kept for later', () => {
  const log = createLog('test', 'silent')
  let files: ReturnType<typeof scratch>
  let clock: ReturnType<typeof handClock>
  let opened: Opened
  let tending: Tending
  let passes: Passes | undefined
  let http: Listening
  let cacheTtlMs: number
  const open = async () => {
    opened = await openCounting(files.path, { clock, onFlushed: () => passes?.wake() })
    tending = await duckdbTending(await opened.file.connect())
    http = await listen(httpApp({ log, metrics: new Registry(), routes: routes(duckdbAnswers(opened.file), clock, cacheTtlMs) }), {
      host: '127.0.0.1',
      port: 0,
    })
  }
  const close = async () => {
    await passes?.stop()
    passes = undefined
    await http.close()
    await opened.close()
  }
  const tend = (over: Partial<Tending> = {}) => {
    const keeping = { historyMs: DAY_MS, minuteRetentionMs: 35 * DAY_MS }
    passes = tendCounts({ tending: { ...tending, ...over }, counting: opened.counting, ...keeping, clock, log })
  }
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${http.port}${path}`, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: text.startsWith('{') ? JSON.parse(text) : undefined }
  }
  const count = (...events: ReturnType<typeof event>[]) => opened.counting.handle(slice(opened.counting.startAt('', 0), events))
  /** What is counted in the transaction in which asOf becomes this. */
  const countUpTo = async (asOfMs: number, ...events: ReturnType<typeof event>[]) => {
    opened.counting.aimAt({ asOf: micros(asOfMs), ends: new Map() })
    await count(...events)
  }
  const placed = (ms: number, category = 'Chairs', quantity = 1) =>
    event(newId(), { placedAt: micros(ms), lines: [line(category, quantity, 100n)] })
  beforeEach(async () => {
    files = scratch()
    clock = handClock()
    cacheTtlMs = 0
    await open()
  })
  afterEach(async () => {
    await close()
    files.remove()
  })

  describe('asked as of an instant of the past', () => {
    const BUCKETS = `/v1/buckets?size=hour&from=${iso(NOW - 9 * HOUR_MS)}&to=${iso(NOW + HOUR_MS)}`
    const answersNow = async () => ({
      buckets: (await ask(BUCKETS)).body,
      top: (await ask('/v1/categories/top?currency=USD&by=units')).body.categories,
    })

    it('give the answer of then, at every kept instant, also after late orders, a restart and packing', async () => {
      const then: { at: number; answers: Awaited<ReturnType<typeof answersNow>> }[] = []
      for (let n = 1; n <= 8; n += 1) {
        const at = NOW + n * MINUTE_MS
        clock.at = at + 2_000
        await countUpTo(at, placed(at), placed(NOW - n * HOUR_MS, n % 2 ? 'Lamps' : 'Chairs', n))
        await tending.keepAsOf(0n)
        then.push({ at, answers: await answersNow() })
        await count(placed(NOW - 3 * HOUR_MS, 'Lamps'), placed(at))
        if (n === 5) {
          await close()
          await open()
        }
      }
      for (const { at, answers } of then) {
        expect((await ask(`${BUCKETS}&asOf=${iso(at)}`)).body).to.deep.equal(answers.buckets)
        expect((await ask(`/v1/categories/top?currency=USD&by=units&asOf=${iso(at)}`)).body.categories).to.deep.equal(answers.top)
      }
      const rows = await opened.rows(
        'select count(*), count(distinct (revision, minute, series)) from changes where revision <= (select max(revision) from kept)',
      )
      expect(rows[0]?.[0]).to.equal(rows[0]?.[1])
    })

    it('answer between two kept instants as of the earlier one, and say so', async () => {
      await countUpTo(NOW, placed(NOW))
      await tending.keepAsOf(0n)
      await countUpTo(NOW + 5 * MINUTE_MS, placed(NOW))
      await tending.keepAsOf(0n)
      const { body, headers } = await ask(`${BUCKETS}&asOf=${iso(NOW + 4 * MINUTE_MS)}`)
      expect([body.asOf, body.buckets[0].orders]).to.deep.equal(['2026-11-24T12:00:00Z', 1])
      const csv = await ask(`${BUCKETS}&format=csv&asOf=${iso(NOW + 4 * MINUTE_MS)}`)
      expect(csv.headers.get('content-disposition')).to.contain('as-of-20261124T120000Z.csv')
      expect(csv.text).to.contain('Chairs,USD,1,')
      const parquet = await ask(`${BUCKETS}&format=parquet&asOf=${iso(NOW + 4 * MINUTE_MS)}`)
      expect(parquet.headers.get('content-disposition')).to.contain('as-of-20261124T120000Z.parquet')
      expect(headers.get('content-type')).to.contain('json')
    })

    it('say what is possible when that instant is not kept any more, or not reached yet', async () => {
      const early = await ask(`${BUCKETS}&asOf=${iso(NOW)}`)
      expect([early.status, early.body.type]).to.deep.equal([422, '/problems/as-of-not-kept'])
      expect(early.body.detail).to.equal('asOf no instant is known yet up to which the counts are complete.')
      opened.counting.published(2n ** 62n)
      for (const n of [0, 1, 2]) {
        await countUpTo(NOW + n * HOUR_MS, placed(NOW))
        await tending.keepAsOf(micros(NOW + (n - 1.5) * HOUR_MS))
      }
      const late = await ask(`${BUCKETS}&asOf=${iso(NOW)}`)
      expect([late.status, late.body.errors]).to.deep.equal([
        422,
        [{ pointer: '/asOf', detail: 'is before 2026-11-24T13:00:00Z, the oldest instant that is kept' }],
      ])
      const ahead = await ask(`/v1/categories/top?currency=USD&asOf=${iso(NOW + 3 * HOUR_MS)}`)
      expect([ahead.status, ahead.body.errors[0].detail]).to.deep.equal([
        422,
        'is later than 2026-11-24T14:00:00Z, up to which the counts are complete',
      ])
      expect((await ask(`${BUCKETS}&asOf=${iso(NOW + HOUR_MS)}`)).body.buckets[0].orders).to.equal(2)
      expect((await ask(`${BUCKETS}&asOf=yesterday`)).body.errors[0].pointer).to.equal('/asOf')
      expect(await opened.rows('select count(*) from changes')).to.deep.equal([[1n]])
    })

    it('keep one instant a minute while asOf moves', async () => {
      const kept: number[] = []
      tend({ keepAsOf: (oldest) => tending.keepAsOf(oldest).then(() => void kept.push(Number(oldest / 1000n))) })
      for (const ms of [0, 10_000, 50_000, 60_000]) {
        await countUpTo(NOW + ms, placed(NOW))
        await until(() => kept.at(-1) === NOW - DAY_MS + Math.floor(ms / MINUTE_MS) * MINUTE_MS, { what: 'kept' })
      }
      expect(kept).to.have.length(2)
    })
  })

  describe('as sums and what was added since', () => {
    it('stay what they are when they are summed up, row by row or anew, and folded or taken back meanwhile', async () => {
      const eager = await duckdbTending(await opened.file.connect(), 1)
      const summed = async () => (await opened.rows('select count(*) from summed'))[0]?.[0]
      const sums = new Map<string, number>()
      const countSome = async (minutes: number[]) => {
        await count(...minutes.map((minute) => placed(minute * MINUTE_MS)))
        for (const minute of minutes) sums.set(`${minute}`, (sums.get(`${minute}`) ?? 0) + 1)
      }
      const expected = () => [...sums].map(([minute, n]) => `${minute} Chairs USD ${n}/${n}/${n * 100}`)
      await countSome([61, 62, 63, 64, 200, 201])
      expect([await summed(), await opened.totals()]).to.deep.equal([0n, expected()])
      await eager.absorb()
      expect([await summed(), await opened.totals()]).to.deep.equal([6n, expected()])
      await countSome([62, 300])
      await eager.absorb()
      expect([await summed(), await opened.totals()]).to.deep.equal([7n, expected()])
      await opened.counting.fold(120)
      const hour = ['60 Chairs USD 5/5/500', ...expected().slice(4)]
      expect(await opened.totals()).to.deep.equal(hour)
      for (let n = 0; n < 2; n += 1) await eager.absorb()
      expect([await summed(), await opened.totals()]).to.deep.equal([4n, hour])
      await opened.rows('insert into changes select revision + 1, 200, 0, -1, -1, -100 from state')
      await opened.rows('update state set revision = revision + 1')
      await eager.absorb()
      expect([await summed(), await opened.totals()]).to.deep.equal([3n, hour.filter((text) => !text.startsWith('200'))])
    })

    it('wait to be summed up until they are many, and are forgotten once they are published and nobody can ask for them', async () => {
      await count(placed(NOW), placed(NOW))
      await tending.absorb()
      expect(await opened.rows('select count(*) from summed')).to.deep.equal([[0n]])
      const eager = await duckdbTending(await opened.file.connect(), 1)
      await eager.absorb()
      expect(await opened.rows('select count(*) from changes')).to.deep.equal([[1n]])
      opened.counting.published(2n ** 62n)
      await count(placed(NOW))
      await eager.absorb()
      expect(await opened.rows('select count(*) from changes')).to.deep.equal([[0n]])
      expect(await opened.rows('select orders from counts')).to.deep.equal([[3n]])
    })
  })

  describe('in minutes that have grown old', () => {
    const day = Math.floor((NOW - 36 * DAY_MS) / DAY_MS) * DAY_MS
    const HOURS = `/v1/buckets?size=hour&from=${iso(day)}&to=${iso(NOW + DAY_MS)}`
    const DAYS = HOURS.replace('hour', 'day')
    const folded = () => until(() => opened.counting.state().foldedBelow === (NOW - 35 * DAY_MS) / MINUTE_MS, { what: 'all is folded' })

    it('fold into hours: hours and days stay equal, late orders count into the hour, and minutes are refused there', async () => {
      await countUpTo(NOW, ...[0, 1, 59, 60, 61, 1_000].map((minute) => placed(day + minute * MINUTE_MS)), placed(NOW - HOUR_MS))
      await tending.keepAsOf(0n)
      const [hours, days] = [(await ask(HOURS)).text, (await ask(DAYS)).text]
      tend()
      await folded()
      expect([(await ask(HOURS)).text, (await ask(DAYS)).text]).to.deep.equal([hours, days])
      const minutes = (await opened.totals()).map((text) => (Number(text.split(' ')[0]) * MINUTE_MS - day) / MINUTE_MS)
      expect(minutes.slice(0, -1)).to.deep.equal([0, 60, 960])

      await count(placed(day + 30 * MINUTE_MS), placed(day + 31 * MINUTE_MS))
      expect((await ask(HOURS)).body.buckets[0].orders).to.equal(5)
      expect((await opened.totals())[0]).to.equal(`${day / MINUTE_MS} Chairs USD 5/5/500`)
      expect((await ask(`${HOURS}&asOf=${iso(NOW)}`)).text).to.equal(hours)

      const { status, body } = await ask(HOURS.replace('hour', 'minute'))
      expect([status, body.errors]).to.deep.equal([
        422,
        [{ pointer: '/from', detail: 'minutes before 2026-10-20T12:00:00Z are folded into hours: ask from there on, or for size=hour' }],
      ])
      const recent = HOURS.replace('hour', 'minute').replace(iso(day), iso(NOW - 35 * DAY_MS))
      expect((await ask(recent)).body.buckets).to.have.length(1)
      const top = await ask(`/v1/categories/top?currency=USD&window=${36 * 24 * 60 + 710}m`)
      expect([top.body.window.start, top.body.categories[0].orders]).to.deep.equal(['2026-10-19T00:00:00Z', 9])
    })

    it('stay minutes where their hour would not fit in 64 bits, and all that can be folded is', async () => {
      const half = 2n ** 62n
      const large = (minute: number) => event(newId(), { placedAt: micros(day + minute * MINUTE_MS), lines: [line('Yachts', 1, half)] })
      await countUpTo(NOW, large(1), large(2), large(61), placed(day + MINUTE_MS), placed(day + 2 * MINUTE_MS))
      const hours = (await ask(HOURS)).text
      expect(hours).to.contain(`"revenueMinor":${2n * half}`)
      tend()
      await folded()
      const minutes = (await opened.totals()).map((text) => text.replace(/^\d+/, (minute) => `${Number(minute) - day / MINUTE_MS}`))
      const yacht = (minute: number) => `${minute} Yachts USD 1/1/${half}`
      expect(minutes).to.deep.equal(['0 Chairs USD 2/2/200', yacht(1), yacht(2), yacht(60)])
      await close()
      await open()
      await count(placed(day + 3 * MINUTE_MS), large(3))
      expect((await opened.totals()).slice(0, 2)).to.deep.equal([
        `${day / MINUTE_MS} Chairs USD 3/3/300`,
        `${day / MINUTE_MS} Yachts USD 1/1/${half}`,
      ])
      expect((await ask(HOURS)).text).to.contain(`"revenueMinor":${3n * half}`)
    })

    it('stay minutes while one of two clocks is far ahead: the own one, or that of the database', async () => {
      const passed: number[] = []
      const keepAsOf: Tending['keepAsOf'] = (oldest) => tending.keepAsOf(oldest).then(() => void passed.push(Number(oldest)))
      const minutes = () => opened.counting.state().foldedBelow * MINUTE_MS
      clock.at = NOW + 365 * DAY_MS
      await countUpTo(NOW, placed(NOW - DAY_MS))
      tend({ keepAsOf })
      await folded()
      clock.at = NOW
      await countUpTo(NOW + 365 * DAY_MS, placed(NOW - DAY_MS))
      await until(() => passed.length === 2, { what: 'it was looked at again' })
      await passes?.stop()
      expect(minutes()).to.equal(NOW - 35 * DAY_MS)
    })

    it('are folded in steps, each whole or not at all, and go on after a restart', async () => {
      const lines = Array.from({ length: 100 }, (_, n) => line(`C${n}`, 1, 1n))
      await countUpTo(NOW, ...Array.from({ length: 150 }, (_, n) => event(newId(), { placedAt: micros(day + n * MINUTE_MS), lines })))
      const to = (day + 12 * HOUR_MS) / MINUTE_MS
      const first = await tending.foldable(0, to, 5_000)
      expect(first).to.equal((day + HOUR_MS) / MINUTE_MS)
      await opened.counting.fold(first)
      expect(await opened.rows('select count(*) from counts')).to.deep.equal([[9_100n]])
      await close()
      await open()
      expect(opened.counting.state().foldedBelow).to.equal(first)
      expect(await tending.foldable(first, to, 100)).to.equal(first + 60)
      expect(await tending.foldable(first, to, 100_000)).to.equal(to)
      tend()
      await folded()
      expect(await opened.rows('select count(*), sum(orders) from counts')).to.deep.equal([[300n, 15_000n]])
    })
  })

  describe('answered again within a moment', () => {
    const TOP = '/v1/categories/top?currency=USD'
    beforeEach(async () => {
      await close()
      cacheTtlMs = 1_000
      await open()
      await countUpTo(NOW, placed(NOW))
    })

    it('come as they were, for as long as they may be kept', async () => {
      const first = await ask(TOP)
      expect([first.headers.get('cache-control'), first.body.categories[0].orders]).to.deep.equal(['max-age=1', 1])
      await count(placed(NOW))
      expect((await ask(TOP)).text).to.equal(first.text)
      expect((await ask(`${TOP}&limit=5`)).body.categories[0].orders).to.equal(2)
      const revalidate = { 'If-None-Match': first.headers.get('etag') ?? '', 'Cache-Control': 'max-age=0' }
      expect((await ask(TOP, { headers: revalidate })).status).to.equal(304)
      clock.at += 1_000
      expect((await ask(TOP, { headers: revalidate })).body.categories[0].orders).to.equal(2)
    })

    it('come anew to whoever says Cache-Control: no-cache', async () => {
      await ask(TOP)
      await count(placed(NOW))
      expect((await ask(TOP, { headers: { 'Cache-Control': 'no-cache' } })).body.categories[0].orders).to.equal(2)
      expect((await ask(TOP)).body.categories[0].orders).to.equal(2)
    })

    it('never say an asOf older than one that was told before', async () => {
      await ask(TOP)
      await countUpTo(NOW + 1_000, placed(NOW))
      expect((await ask(`${TOP}&limit=1`)).body.asOf).to.equal('2026-11-24T12:00:01Z')
      expect((await ask(TOP)).body.asOf).to.equal('2026-11-24T12:00:01Z')
    })

    it('are read once for all who ask at the same time', async () => {
      let reads = 0
      const answers = duckdbAnswers(opened.file)
      const counted = { ...answers, top: (query: Parameters<typeof answers.top>[0]) => answers.top(query).finally(() => (reads += 1)) }
      const other = await listen(httpApp({ log, metrics: new Registry(), routes: routes(counted, clock, cacheTtlMs) }), {
        host: '127.0.0.1',
        port: 0,
      })
      const texts = await Promise.all(
        Array.from({ length: 50 }, () => fetch(`http://127.0.0.1:${other.port}${TOP}`).then((one) => one.text())),
      )
      await other.close()
      expect([reads, new Set(texts).size]).to.deep.equal([1, 1])
    })
  })
})
