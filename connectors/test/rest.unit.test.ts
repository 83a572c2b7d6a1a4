import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StopProcess, Unavailable } from '@tally/platform/process/errors'
import { expect } from 'chai'
import { connectRest } from '../connect/rest.ts'

describe('Connect by REST', () => {
  let server: Server
  let url: string
  let answers: [status: number, body: string][]
  let asked: number

  beforeEach(async () => {
    asked = 0
    server = createServer((_, res) => {
      asked += 1
      const [status, body] = (answers.length > 1 ? answers.shift() : answers[0]) ?? [500, '']
      res.writeHead(status, { 'Content-Type': 'application/json' }).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => server.close())

  const rebalancing = JSON.stringify({ error_code: 409, message: 'Cannot complete request because of a conflicting operation' })
  const fault = (work: Promise<unknown>) => work.catch((error: unknown) => error)

  it('asks again while it rebalances, whatever is asked', async () => {
    answers = [
      [409, rebalancing],
      [409, rebalancing],
      [200, '["c"]'],
    ]
    expect(await connectRest(url).ask('GET', '/connectors')).to.deep.equal(['c'])
    expect(asked).to.equal(3)
  })

  it('gives up on a rebalance that does not end, and says so', async () => {
    answers = [[409, rebalancing]]
    const clock = { at: 0, now: () => (clock.at += 100) }
    const error = await fault(connectRest(url, { rebalanceMs: 300, clock }).ask('PUT', '/connectors/c/config', {}))
    expect(error).to.be.instanceOf(Unavailable).with.property('message').that.contains('is rebalancing').and.contains('try again')
    expect(asked).to.equal(3)
  })

  it('asks once where a request is refused, and says what Connect said', async () => {
    answers = [[400, JSON.stringify({ error_code: 400, message: 'no such thing' })]]
    expect(await fault(connectRest(url).ask('PUT', '/connectors/c/config', {})))
      .to.be.instanceOf(StopProcess)
      .with.property('message')
      .that.contains('(400): no such thing')
    expect(asked).to.equal(1)
  })

  it('tells at once that Connect is away', async () => {
    await new Promise((resolve) => server.close(resolve))
    expect(await fault(connectRest(url).ask('GET', '/connectors'))).to.be.instanceOf(Unavailable)
  })
})
