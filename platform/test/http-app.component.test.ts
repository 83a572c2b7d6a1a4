import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import express, { Router } from 'express'
import { Registry } from 'prom-client'
import { until } from '../../test/support/until.ts'
import { httpApp, onlyMethods } from '../http/app.ts'
import { invalidFields } from '../http/problem.ts'
import { type Listening, listen } from '../http/server.ts'
import { Unavailable } from '../process/errors.ts'
import { createLog } from '../process/log.ts'

describe('the HTTP frame', () => {
  const metrics = new Registry()
  let server: Listening
  let base = ''

  before(async () => {
    const routes = Router()
    routes.get('/things/:id', (req, res) => {
      res.json({ id: req.params.id })
    })
    routes.all('/things/:id', onlyMethods('GET'))
    routes.post('/json', express.json({ limit: 100 }), (req, res) => {
      res.json(req.body)
    })
    routes.get('/broken', () => {
      throw new Error('the secret is sesame')
    })
    routes.get('/away', async () => {
      throw new Unavailable('the database is away')
    })
    routes.get('/invalid', () => {
      throw invalidFields([{ pointer: '/a', detail: 'is bad' }])
    })
    server = await listen(httpApp({ log: createLog('test', 'silent'), metrics, routes }), { host: '127.0.0.1', port: 0 })
    base = `http://127.0.0.1:${server.port}`
  })
  after(() => server.close())

  async function problemOf(path: string, init?: RequestInit) {
    const answer = await fetch(`${base}${path}`, init)
    expect(answer.headers.get('content-type')).to.match(/^application\/problem\+json/)
    const body = (await answer.json()) as Record<string, unknown>
    expect(body).to.include({ status: answer.status, instance: path, requestId: answer.headers.get('x-request-id') })
    return { status: answer.status, headers: answer.headers, body }
  }

  it('answers 404 as a problem', async () => {
    const { status, body } = await problemOf('/nowhere?a=1')
    expect(status).to.equal(404)
    expect(body.type).to.equal('/problems/not-found')
  })

  it('answers 405 with what is allowed', async () => {
    const { status, headers } = await problemOf('/things/1', { method: 'DELETE' })
    expect(status).to.equal(405)
    expect(headers.get('allow')).to.equal('GET')
  })

  it('answers 500 without telling what went wrong', async () => {
    const { status, body } = await problemOf('/broken')
    expect(status).to.equal(500)
    expect(JSON.stringify(body)).not.to.contain('sesame')
  })

  it('answers 503 with Retry-After when something is away', async () => {
    const { status, headers } = await problemOf('/away')
    expect(status).to.equal(503)
    expect(headers.get('retry-after')).to.equal('1')
  })

  it('answers 422 with every fault', async () => {
    expect((await problemOf('/invalid')).body.errors).to.deep.equal([{ pointer: '/a', detail: 'is bad' }])
  })

  it('answers what is wrong with a body: not JSON, too large, an encoding or charset it does not know', async () => {
    const post = (body: string, headers = {}) =>
      problemOf('/json', { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
    expect((await post('{')).status).to.equal(400)
    expect((await post(JSON.stringify('x'.repeat(200)))).status).to.equal(413)
    expect((await post('{}', { 'content-encoding': 'lzma' })).status).to.equal(415)
    expect((await post('{}', { 'content-type': 'application/json; charset=klingon' })).status).to.equal(415)
  })

  it('answers a path that cannot be decoded with 400', async () => {
    expect((await problemOf('/things/%zz')).status).to.equal(400)
  })

  for (const [what, version, headers, status] of [
    ['no Host with 400', '1.1', '', 400],
    ['an Expect that it does not know with 417', '1.1', 'Host: x\r\nExpect: x\r\n', 417],
    ['an Expect that it knows as ever', '1.1', 'Host: x\r\nExpect: 100-continue\r\n', 404],
    ['HTTP/1.0, which has no Host, as ever', '1.0', '', 404],
  ] as const) {
    it(`answers ${what}, as a problem with an id`, async () => {
      const socket = connect(server.port, '127.0.0.1')
      socket.write(`GET /nowhere HTTP/${version}\r\n${headers}X-Request-Id: mine\r\nConnection: close\r\n\r\n`)
      const answer = await text(socket)
      expect(answer).to.match(new RegExp(`^HTTP/1.1 ${status} `, 'm'))
      expect(answer).to.contain('application/problem+json').and.contain('X-Request-Id: mine').and.contain('"requestId":"mine"')
    })
  }

  it('names the request as the caller does, if that is sane', async () => {
    const named = await fetch(`${base}/things/1`, { headers: { 'x-request-id': 'order-7:retry.2' } })
    expect(named.headers.get('x-request-id')).to.equal('order-7:retry.2')
    const insane = await fetch(`${base}/things/1`, { headers: { 'x-request-id': 'a b"<script>' } })
    expect(insane.headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/)
  })

  it('tells nothing about what it is built with', async () => {
    expect((await fetch(`${base}/things/1`)).headers.has('x-powered-by')).to.equal(false)
  })

  it('measures by route, never by path', async () => {
    await fetch(`${base}/things/4711`)
    const text = await metrics.metrics()
    expect(text).to.contain('route="/things/:id"').and.not.contain('4711')
    expect(text).to.contain('route="none"')
  })

  it('answers what is under way when it closes, and takes nothing more', async () => {
    const own = await listen(httpApp({ log: createLog('test', 'silent'), metrics: new Registry(), routes: slowRoutes() }), {
      host: '127.0.0.1',
      port: 0,
    })
    const started = Promise.withResolvers<void>()
    const finish = Promise.withResolvers<void>()
    function slowRoutes() {
      return Router().get('/slow', async (_, res) => {
        started.resolve()
        await finish.promise
        res.json({ ok: true })
      })
    }
    const answer = fetch(`http://127.0.0.1:${own.port}/slow`)
    await started.promise
    const closed = own.close()
    const refused = await fetch(`http://127.0.0.1:${own.port}/slow`).catch((error) => error)
    expect(refused).to.be.instanceOf(Error)
    finish.resolve()
    expect(await (await answer).json()).to.deep.equal({ ok: true })
    await closed
  })
})

describe('a request that fails when it was answered already', () => {
  const failed: string[] = []
  const log = Object.assign(createLog('test', 'silent'), { error: (_: unknown, what: string) => failed.push(what) })
  const failLate = Promise.withResolvers<void>()
  const nextArrived = Promise.withResolvers<void>()
  const answerNext = Promise.withResolvers<void>()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let server: Listening

  before(async () => {
    const routes = Router()
    routes.get('/late', async (_, res) => {
      res.end('answered')
      await failLate.promise
      throw new Error('too late to tell')
    })
    routes.get('/next', async (_, res) => {
      nextArrived.resolve()
      await answerNext.promise
      res.end('next')
    })
    routes.get('/half', (_, res) => {
      res.writeHead(200, { 'Content-Length': 100 }).write('half')
      throw new Error('half way')
    })
    server = await listen(httpApp({ log, metrics: new Registry(), routes }), { host: '127.0.0.1', port: 0 })
  })
  after(async () => {
    agent.destroy()
    await server.close()
  })

  async function ask(path: string): Promise<string> {
    const [answer] = await once(get({ port: server.port, host: '127.0.0.1', path, agent }), 'response')
    return text(answer)
  }

  it('leaves its connection to the next one, and is logged', async () => {
    expect(await ask('/late')).to.equal('answered')
    const next = ask('/next')
    await nextArrived.promise
    failLate.resolve()
    await Promise.race([next, until(() => failed.length > 0, { what: 'the failure is logged', everyMs: 1 })])
    answerNext.resolve()
    expect(await next).to.equal('next')
    expect(failed).to.deep.equal(['request failed'])
  })

  it('ends its connection when only half of the answer was written', async () => {
    const error = await ask('/half').catch((why: Error) => why)
    expect(error).to.be.instanceOf(Error)
  })
})

describe('a server that closes', () => {
  const LARGE = Buffer.alloc(30_000_000, 'x')
  let server: Listening
  let arrived: ReturnType<typeof Promise.withResolvers<void>>
  const open = async (options: { sendingMs?: number } = {}) => {
    arrived = Promise.withResolvers()
    const handler: RequestListener = async (req, res) => {
      arrived.resolve()
      if (req.method === 'POST') for await (const _ of req);
      res.end(LARGE)
    }
    server = await listen(handler, { host: '127.0.0.1', port: 0, ...options })
  }
  /** Also by a reset, which a server that closes may answer with what it has not accepted yet. */
  const ended = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const client = async (text: string) => {
    const socket = connect(server.port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.write(text)
    return socket
  }

  it('waits until an answer is with its client, but ends connections on which nothing is under way', async () => {
    await open()
    const slow = (await client('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).pause()
    const idle = (await client('')).resume()
    await arrived.promise
    const closed = server.close()
    await ended(idle)
    let length = 0
    slow.on('data', (data) => {
      length += data.length
    })
    slow.resume()
    await closed
    await once(slow, 'close')
    expect(length).to.be.greaterThan(LARGE.length)
  })

  it('waits for no client that does not take its answer', async () => {
    await open({ sendingMs: 0 })
    const slow = (await client('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).pause()
    await arrived.promise
    await server.close()
    slow.destroy()
  })

  it('waits for no request of which only half has come', async () => {
    await open()
    const halves = [await client('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf'), await client('GET / HTTP/1.1\r\nHo')]
    await arrived.promise
    const answers: Buffer[] = []
    for (const half of halves) half.on('data', (data) => answers.push(data))
    const allEnded = halves.map(ended)
    await server.close()
    await Promise.all(allEnded)
    expect(String(Buffer.concat(answers))).to.equal('')
  })
})
