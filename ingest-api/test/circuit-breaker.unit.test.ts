import { Unavailable } from '@tally/platform/process/errors'
import { expect } from 'chai'
import { circuitBreaker } from '../database/circuit-breaker.ts'

const AWAY = new Error('away')

describe('a circuit breaker', () => {
  let clock: { ms: number; now(): number }
  let changes: boolean[]
  let ran: number
  let breaker: ReturnType<typeof circuitBreaker>

  beforeEach(() => {
    clock = { ms: 0, now: () => clock.ms }
    changes = []
    ran = 0
    breaker = circuitBreaker({
      clock,
      probeAfterMs: 1_000,
      message: 'It was away a moment ago.',
      isOutage: (error) => error === AWAY,
      onChange: (open) => changes.push(open),
    })
  })

  /** Runs work that ends as told; what came of it. */
  const run = (end: () => unknown) =>
    breaker
      .run(async () => {
        ran += 1
        return end()
      })
      .catch((error: unknown) => error)
  const fail = () => {
    throw AWAY
  }

  it('opens with one outage: until the probe is due nothing runs, and callers are told at once', async () => {
    expect(await run(fail)).to.equal(AWAY)
    clock.ms = 999
    expect(await run(() => 'answer')).to.be.instanceOf(Unavailable)
    expect([ran, breaker.isOpen(), changes]).to.deep.equal([1, true, [true]])
  })

  it('lets one caller probe while the others are told at once, and closes with its answer', async () => {
    await run(fail)
    clock.ms = 1_000
    const { promise, resolve } = Promise.withResolvers<string>()
    const probe = run(() => promise)
    expect(await run(() => 'another')).to.be.instanceOf(Unavailable)
    resolve('answer')
    expect(await probe).to.equal('answer')
    expect(await run(() => 'again')).to.equal('again')
    expect([ran, changes]).to.deep.equal([3, [true, false]])
  })

  it('stays open for as long again when the probe fails', async () => {
    await run(fail)
    clock.ms = 1_000
    expect(await run(fail)).to.equal(AWAY)
    clock.ms = 1_999
    expect(await run(() => 'answer')).to.be.instanceOf(Unavailable)
    clock.ms = 2_000
    expect(await run(() => 'answer')).to.equal('answer')
    expect(changes).to.deep.equal([true, false])
  })

  it('probes, and closes, also when the clock has stepped back', async () => {
    clock.ms = 3_600_000
    await run(fail)
    clock.ms = 0
    expect(await run(() => 'answer')).to.equal('answer')
    expect(changes).to.deep.equal([true, false])
  })

  it('takes any other error for an answer', async () => {
    const refusal = new Error('duplicate key')
    const refuse = () => {
      throw refusal
    }
    expect(await run(refuse)).to.equal(refusal)
    expect(breaker.isOpen()).to.equal(false)
    await run(fail)
    clock.ms = 1_000
    expect(await run(refuse)).to.equal(refusal)
    expect(breaker.isOpen()).to.equal(false)
  })

  it('is not closed by what began before the outage', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const early = run(() => promise)
    await run(fail)
    resolve('late')
    expect(await early).to.equal('late')
    expect(breaker.isOpen()).to.equal(true)
  })
})
