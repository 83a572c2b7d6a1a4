// When asOf may move, and when it must not.
import { expect } from 'chai'
import { confirmations, freshness, reached, readHeartbeat } from '../as-of/as-of.ts'

const beat = (at: bigint, lsn: bigint, confirmedLsn: bigint) => ({ at, lsn, confirmedLsn })

describe('a heartbeat', () => {
  it('is confirmed by a later one that reports its position as flushed', () => {
    const confirm = confirmations()
    expect(confirm(beat(1n, 100n, 50n))).to.equal(undefined)
    expect(confirm(beat(2n, 200n, 99n))).to.equal(undefined)
    expect(confirm(beat(3n, 300n, 100n))).to.equal(1n)
    expect(confirm(beat(4n, 400n, 300n))).to.equal(3n)
  })

  it('never confirms itself', () => {
    expect(confirmations()(beat(1n, 100n, 1_000n))).to.equal(undefined)
  })

  it('confirms nothing while the confirmed position stands still, and the latest at once when it moves again', () => {
    const confirm = confirmations()
    for (let t = 1n; t <= 3_000n; t += 1n) expect(confirm(beat(t, 100n + t, 100n))).to.equal(undefined)
    expect(confirm(beat(3_001n, 4_000n, 3_100n))).to.equal(3_000n)
  })

  it('sent again confirms no more than it did', () => {
    const confirm = confirmations()
    confirm(beat(1n, 100n, 50n))
    confirm(beat(2n, 200n, 60n))
    expect(confirm(beat(1n, 100n, 50n))).to.equal(undefined)
    expect(confirm(beat(3n, 300n, 150n))).to.equal(1n)
  })

  it('is read from what Debezium writes, to the microsecond', () => {
    const json = (at: unknown) => Buffer.from(JSON.stringify({ after: { id: 1, at, confirmed_lsn: 50 }, source: { lsn: 100, ts_ms: 1 } }))
    expect(readHeartbeat(json('2026-11-24T08:00:00.123456Z'))).to.deep.equal(beat(1_795_507_200_123_456n, 100n, 50n))
    expect(readHeartbeat(json(1_795_507_200_123_456))).to.deep.equal(beat(1_795_507_200_123_456n, 100n, 50n))
  })

  it('that cannot be read is nothing', () => {
    for (const text of [
      '',
      'null',
      '{',
      '[]',
      '{"after":null}',
      '{"after":{"at":"x","confirmed_lsn":1},"source":{"lsn":1}}',
      '{"after":{"at":1}}',
    ])
      expect(readHeartbeat(Buffer.from(text)), text).to.equal(undefined)
    expect(readHeartbeat(null)).to.equal(undefined)
  })
})

describe('the ends noted when a heartbeat was confirmed', () => {
  const ends = new Map([
    [0, 10n],
    [1, 5n],
  ])
  it('are reached when every partition has passed its own', () => {
    const at = (zero: bigint, one: bigint) => reached(ends, (partition) => (partition === 0 ? zero : one))
    expect(at(10n, 5n)).to.equal(true)
    expect(at(100n, 4n)).to.equal(false)
    expect(at(9n, 5n)).to.equal(false)
  })
})

describe('freshness', () => {
  it('is fresh up to 5 s, late up to a minute, else stale, and stale while no instant is known', () => {
    const age = (ms: number) => freshness(1_000_000n, 1_000 + ms)
    expect([age(0), age(5_000), age(5_001), age(60_000), age(60_001)]).to.deep.equal(['fresh', 'fresh', 'late', 'late', 'stale'])
    expect(freshness(null, 0)).to.equal('stale')
  })

  it('is stale with an instant that is still to come by more than clocks differ', () => {
    expect([freshness(20_000_000n, 10_000), freshness(20_001_000n, 10_000)]).to.deep.equal(['fresh', 'stale'])
  })
})
