import { once } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { mock } from 'node:test'
import { Problem } from '@tally/platform/http/problem'
import { expect } from 'chai'
import type { Request, RequestHandler, Response } from 'express'
import { answerWithin, atMost, gate } from '../admission/load.ts'
import { readBody } from '../http/body.ts'

describe('the bound of orders under way', () => {
  const clock = { at: 1_000_000, now: () => clock.at }

  /** Lets in whatever it takes; each end is called by the test. */
  function work(bound: ReturnType<typeof gate>, pieces: number) {
    const ends: (() => void)[] = []
    for (let n = 0; n < pieces && !bound.full(); n += 1) void bound.run(() => new Promise<void>((resolve) => ends.push(resolve)))
    return ends
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  it('lets in a burst of its most', () => {
    expect(work(gate(8, 2, clock), 20)).to.have.length(8)
  })

  it('lets in less once that was reached, until less has been under way for a second', async () => {
    const bound = gate(8, 2, clock)
    for (const end of work(bound, 20)) end()
    await settled()
    const two = work(bound, 20)
    expect(two).to.have.length(2)
    clock.at += 5_000
    expect(bound.full()).to.equal(true)
    for (const end of two) end()
    await settled()
    clock.at += 1_000
    expect(work(bound, 1)).to.have.length(1)
    clock.at += 1
    expect(work(bound, 20)).to.have.length(7)
  })

  it('is not lowered by bursts below its most', async () => {
    const bound = gate(8, 2, clock)
    for (let n = 0; n < 3; n += 1) {
      const ends = work(bound, 7)
      expect(ends).to.have.length(7)
      for (const end of ends) end()
      await settled()
    }
  })
})

describe('a request whose connection closed before it came to its bounds', () => {
  function exchange() {
    const req = new IncomingMessage(new Socket())
    const res = new ServerResponse(req)
    let went = 0
    const pass = (handler: RequestHandler) => handler(req as Request, res as unknown as Response, () => (went += 1))
    return { req, res, pass, went: () => went }
  }
  async function closed() {
    const gone = exchange()
    gone.req.on('error', () => {}).destroy()
    await once(gone.req, 'close')
    gone.res.destroy()
    return gone
  }

  it('takes no place, which nobody would give back', async () => {
    const bound = atMost(1, 'orders', () => {})
    const [gone, alive, refused] = [await closed(), exchange(), exchange()]
    gone.pass(bound)
    expect(gone.went()).to.equal(0)
    alive.pass(bound)
    expect(alive.went()).to.equal(1)
    expect(() => refused.pass(bound)).to.throw('Too many orders')
    alive.res.emit('close')
    refused.pass(bound)
    expect(refused.went()).to.equal(1)
  })

  it('waits for no body, which will not come', async () => {
    const { req, pass } = await closed()
    req.headers['content-type'] = 'application/json'
    const error = await Promise.resolve(pass(readBody('application/json', 100))).catch((why: unknown) => why)
    expect(error).to.be.instanceOf(Problem).with.property('status', 400)
  })

  it('is not told that it takes too long', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      const [gone, alive] = [await closed(), exchange()]
      for (const { pass } of [gone, alive]) pass(answerWithin(1_000))
      mock.timers.tick(1_000)
      expect([gone.went(), alive.went()]).to.deep.equal([1, 2])
    } finally {
      mock.timers.reset()
    }
  })
})
