import { expect } from 'chai'
import fc from 'fast-check'
import { memoryRateLimits } from '../admission/memory-rate-limits.ts'
import { splitLines } from '../http/ndjson.ts'
import { limitOf } from '../merchants/merchant.ts'
import { traceOf } from '../orders/trace-context.ts'

const LIMIT = { perMinute: 60, burst: 3 }

describe('a token bucket', () => {
  it('gives its burst at once, then one token each time one has dripped in', async () => {
    const clock = { ms: 1_000_000, now: () => clock.ms }
    const limits = memoryRateLimits(clock)
    const take = () => limits.take('a', LIMIT, 1)
    expect([(await take()).remaining, (await take()).remaining, (await take()).remaining]).to.deep.equal([2, 1, 0])
    expect(await take()).to.deep.include({ granted: 0, remaining: 0, nextMs: 1_000, fullMs: 3_000 })
    clock.ms += 999
    expect((await take()).granted).to.equal(0)
    clock.ms += 1
    expect((await take()).granted).to.equal(1)
    clock.ms += 60_000
    expect((await limits.take('a', LIMIT, 5)).granted).to.equal(3)
    expect((await limits.take('b', LIMIT, 2)).remaining).to.equal(1)
  })

  it('never gives more than the burst plus what dripped in, and never less', async () => {
    const step = fc.record({ waitMs: fc.nat(3_000), cost: fc.integer({ min: 1, max: 5 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step),
        fc.integer({ min: 1, max: 6_000 }),
        fc.integer({ min: 1, max: 20 }),
        async (steps, perMinute, burst) => {
          const clock = { ms: 5, now: () => clock.ms }
          const limits = memoryRateLimits(clock)
          let granted = 0
          let level = burst
          for (const { waitMs, cost } of steps) {
            clock.ms += waitMs
            level = Math.min(burst, level + (waitMs * perMinute) / 60_000)
            const taken = await limits.take('a', { perMinute, burst }, cost)
            granted += taken.granted
            expect(taken.granted).to.be.at.most(level + 1e-3)
            if (taken.granted < cost) expect(taken.granted).to.be.greaterThan(level - 1 - 1e-3)
            level -= taken.granted
          }
          expect(granted).to.be.at.most(burst + ((clock.ms - 5) * perMinute) / 60_000 + 1e-3)
        },
      ),
    )
  })

  it('is as large as a minute of the own rate, unless the merchant has a burst of its own', () => {
    const merchant = { merchantId: 1n, name: 'acme', perMinute: undefined, burst: undefined }
    const defaults = { perMinute: 1_000, burst: 50 }
    expect(limitOf(merchant, defaults)).to.deep.equal(defaults)
    expect(limitOf({ ...merchant, perMinute: 10 }, defaults)).to.deep.equal({ perMinute: 10, burst: 10 })
    expect(limitOf({ ...merchant, perMinute: 10, burst: 2 }, defaults)).to.deep.equal({ perMinute: 10, burst: 2 })
    expect(limitOf({ ...merchant, burst: 2 }, defaults)).to.deep.equal({ perMinute: 1_000, burst: 2 })
  })
})

describe('a trace', () => {
  const random = (bytes: number) => 'ab'.repeat(bytes)
  const valid = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'

  it("is the caller's when its header is valid", () => {
    expect(traceOf(valid, 'a=1', random)).to.deep.equal({ traceparent: valid, tracestate: 'a=1' })
    expect(traceOf(valid, 'x'.repeat(513), random).tracestate).to.equal(undefined)
  })

  for (const header of [
    undefined,
    '',
    valid.toUpperCase(),
    valid.replace('00-', 'ff-'),
    `${valid}-x`,
    valid.replace(/-00f067aa0ba902b7/, `-${'0'.repeat(16)}`),
  ]) {
    it(`is a new one for ${JSON.stringify(header)}`, () => {
      expect(traceOf(header, 'a=1', random)).to.deep.equal({
        traceparent: `00-${'ab'.repeat(16)}-${'ab'.repeat(8)}-01`,
        tracestate: undefined,
      })
    })
  }
})

describe('the lines of a body', () => {
  const lines = (text: string) => splitLines(Buffer.from(text)).map(String)
  it('end with a newline, the last one with or without', () => {
    expect(lines('a\nb')).to.deep.equal(['a', 'b'])
    expect(lines('a\nb\n')).to.deep.equal(['a', 'b'])
    expect(lines('a\n\nb\n')).to.deep.equal(['a', '', 'b'])
    expect(lines('')).to.deep.equal([])
  })
})
