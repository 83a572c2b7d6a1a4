// Readers beside the counting: they see whole transactions, hold up nothing, and nothing of theirs lasts.
import { statSync } from 'node:fs'
import { connect } from 'node:net'
import { httpApp } from '@tally/platform/http/app'
import { listen } from '@tally/platform/http/server'
import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import { Registry } from 'prom-client'
import { until } from '../../test/support/until.ts'
import { duckdbAnswers } from '../answer/answers.ts'
import { routes } from '../answer/http.ts'
import { duckdbTending } from '../store/maintenance.ts'
import { type Opened, openCounting, scratch } from './support/counting.ts'
import { event, line, newId, slice } from './support/orders.ts'

const ALL = '/v1/buckets?size=minute&from=1970-01-01&to=1970-01-02'

describe('reading', () => {
  const files = scratch()
  let opened: Opened
  let next = 0n
  const count = async (...events: ReturnType<typeof event>[]) => {
    await opened.counting.handle(slice(next, events))
    next += BigInt(events.length)
  }
  const serve = (answers = opened.answers) =>
    listen(httpApp({ log: createLog('test', 'silent'), metrics: new Registry(), routes: routes(answers, opened.clock, 0) }), {
      host: '127.0.0.1',
      port: 0,
    })
  before(async () => {
    opened = await openCounting(files.path)
    const lines = Array.from({ length: 50 }, (_, n) => line(`C${n}`, 1, 1n))
    await count(...Array.from({ length: 900 }, (_, n) => event(newId(), { placedAt: BigInt(n) * 60_000_000n, lines })))
  })
  after(async () => {
    await opened.close()
    files.remove()
  })

  it('does not hold up the writer: orders count while a question is under way that takes for ever', async () => {
    const reader = await opened.file.connect()
    await reader.run('begin transaction read only')
    let ended = false
    const endless = reader
      .run('select count(*) from counts a, counts b where hash(a.orders, b.minute, a.minute) % 1000000007 = 3')
      .catch(() => {
        ended = true
      })
    for (let n = 0; n < 5; n += 1) await count(event(newId(), { placedAt: 0n, lines: [line('C0', 1, 1n)] }))
    expect(ended).to.equal(false)
    expect(await opened.rows('select sum(orders)::integer from counts')).to.deep.equal([[45_005]])
    reader.interrupt()
    await endless
    reader.closeSync()
  })

  it('holds no snapshot for a client that does not take its answer', async () => {
    let answered = 0
    const buckets: typeof opened.answers.buckets = (query) =>
      opened.answers.buckets(query).finally(() => {
        answered += 1
      })
    const http = await serve({ ...opened.answers, buckets })
    const client = connect(http.port, '127.0.0.1').pause()
    client.write(`GET ${ALL} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await until(() => answered === 1, { what: 'the answer is read from the file' })
    await count(event())
    const tending = await duckdbTending(await opened.file.connect())
    await tending.checkpoint()
    expect(statSync(`${files.path}.wal`, { throwIfNoEntry: false })?.size ?? 0).to.be.below(1_000)
    client.destroy()
    await http.close()
  })

  it('is given up when it takes too long, with 503', async () => {
    const http = await serve(duckdbAnswers(opened.file, 1))
    const answer = await fetch(`http://127.0.0.1:${http.port}${ALL}&format=parquet`)
    const body = (await answer.json()) as { detail: string }
    expect([answer.status, body.detail]).to.deep.equal([503, 'It took longer than 0.001 s to answer. Ask for less, or later.'])
    await http.close()
  })
})
