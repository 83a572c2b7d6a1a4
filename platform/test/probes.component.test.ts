import { expect } from 'chai'
import { Gauge } from 'prom-client'
import { openOps } from '../http/probes.ts'
import { createLog } from '../process/log.ts'
import { createMetrics } from '../process/metrics.ts'
import type { App } from '../process/run.ts'

describe('the ops port', () => {
  const controller = new AbortController()
  let close: () => unknown = () => {}
  let loop: string | undefined
  let started = false
  let base = ''
  const app: App = {
    log: createLog('test', 'silent'),
    stopping: controller.signal,
    started: () => started,
    onClose(_, closer) {
      close = closer
    },
    fail(error) {
      throw error
    },
  }
  const get = async (path: string) => {
    const answer = await fetch(`${base}${path}`)
    const text = await answer.text()
    return { status: answer.status, text, json: () => JSON.parse(text) }
  }

  before(async () => {
    const ready = {
      loop: () => loop,
      broken: async () => {
        if (loop === 'throw') throw new Error('cannot even ask')
        return undefined
      },
    }
    const port = await openOps(app, { host: '127.0.0.1', port: 0 }, createMetrics('test'), { live: { loop: () => undefined }, ready })
    base = `http://127.0.0.1:${port}`
  })
  after(() => close())

  it('is not ready before everything is open', async () => {
    const { status, json } = await get('/readyz')
    expect([status, json().checks.start]).to.deep.equal([503, { ok: false, why: 'starting' }])
    started = true
  })

  it('answers 200 while every check is fine', async () => {
    const { status, json } = await get('/readyz')
    expect(status).to.equal(200)
    expect(json()).to.deep.equal({
      ok: true,
      checks: { start: { ok: true }, shutdown: { ok: true }, loop: { ok: true }, broken: { ok: true } },
    })
  })

  it('answers 503 with the reason of each check that is not', async () => {
    loop = 'waits for the broker'
    const { status, json } = await get('/readyz?verbose=1')
    expect(status).to.equal(503)
    expect(json().checks.loop).to.deep.equal({ ok: false, why: 'waits for the broker' })
    expect((await get('/livez')).status).to.equal(200)
  })

  it('answers 503 for a check that throws', async () => {
    loop = 'throw'
    expect((await get('/readyz')).json().checks.broken.ok).to.equal(false)
    loop = undefined
  })

  it('serves metrics and says what else is here', async () => {
    const metrics = await get('/metrics')
    expect(metrics.status).to.equal(200)
    expect(metrics.text).to.contain('process_cpu_seconds_total{service="test"}')
    expect((await get('/')).status).to.equal(404)
  })

  it('answers 503 with the reason for what it cannot answer, and goes on', async () => {
    const metrics = createMetrics('broken')
    let why: string | undefined = 'the file is closed'
    new Gauge({
      ...{ name: 'broken', help: 'Cannot be read at first.', registers: [metrics] },
      async collect() {
        if (why !== undefined) throw new Error(why)
      },
    })
    const closers: (() => unknown)[] = []
    const routes = new Map([
      [
        '/throws',
        () => {
          throw new Error('on purpose')
        },
      ],
    ])
    const other = { ...app, onClose: (_: string, closer: () => unknown) => closers.push(closer) }
    const port = await openOps(other, { host: '127.0.0.1', port: 0 }, metrics, { live: {}, ready: {} }, routes)
    const ask = async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`)
      return [answer.status, (await answer.text()).trim()]
    }
    expect(await ask('/metrics')).to.deep.equal([503, 'Not available right now: the file is closed'])
    expect(await ask('/throws')).to.deep.equal([503, 'Not available right now: on purpose'])
    why = undefined
    expect((await ask('/metrics'))[0]).to.equal(200)
    for (const close of closers) await close()
  })

  it('is not ready, but alive, as soon as shutdown begins', async () => {
    controller.abort()
    const { status, json } = await get('/readyz')
    expect(status).to.equal(503)
    expect(json().checks.shutdown).to.deep.equal({ ok: false, why: 'shutting down' })
    expect((await get('/livez')).status).to.equal(200)
  })
})
