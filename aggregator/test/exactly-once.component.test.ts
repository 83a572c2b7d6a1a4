// Exactly-once effect on a real file: whatever is delivered, every event counts once.
import { OutOfPosition, RejectedRecords } from '@tally/platform/process/errors'
import { expect } from 'chai'
import { DAY_MS, type Opened, openCounting, scratch } from './support/counting.ts'
import { event, idAt, line, NOW, newId, slice } from './support/orders.ts'

const MINUTE = Math.floor((NOW - 3_600_000) / 60_000)
const chairs = (orders: number) => [`${MINUTE} Chairs USD ${orders}/${orders * 2}/${orders * 1_000}`]

async function rejection(promise: Promise<void>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error) => error,
  )
}

describe('counting', () => {
  let files: ReturnType<typeof scratch>
  let opened: Opened
  const handle = (...args: Parameters<typeof slice>) => opened.counting.handle(slice(...args))
  beforeEach(async () => {
    files = scratch()
    opened = await openCounting(files.path)
  })
  afterEach(async () => {
    await opened.close()
    files.remove()
  })
  const reopen = async () => {
    await opened.close()
    opened = await openCounting(files.path)
  }

  it('counts nothing of a slice that is delivered again', async () => {
    const events = [event(), event()]
    await handle(0n, events)
    await handle(0n, events)
    expect(await opened.totals()).to.deep.equal(chairs(2))
  })

  it('counts the new part of a slice that overlaps', async () => {
    const events = [event(), event(), event()]
    await handle(0n, events.slice(0, 2))
    await handle(1n, events.slice(1))
    expect(await opened.totals()).to.deep.equal(chairs(3))
    expect(opened.counting.startAt('', 0)).to.equal(3n)
  })

  it('refuses a slice behind a gap, and says where to go on', async () => {
    await handle(0n, [event()])
    const error = await rejection(handle(2n, [event()]))
    expect(error).to.be.instanceOf(OutOfPosition)
    expect(error).to.have.property('nextOffset', 1n)
    expect(await opened.totals()).to.deep.equal(chairs(1))
  })

  it('begins a new file where the log begins, and later knows of partitions of which nothing was ever counted', async () => {
    await opened.close()
    files.remove()
    files = scratch()
    const starts = (...at: bigint[]) => new Map(at.map((start, partition) => [partition, start]))
    const positions = () => [0, 1, 2].map((partition) => opened.counting.startAt('', partition))
    opened = await openCounting(files.path, { logStarts: starts(5n, 0n) })
    expect(positions()).to.deep.equal([5n, 0n, 0n])
    await opened.close()
    // Meanwhile records were deleted, and a partition was added: what was not read of them is missing, not passed over.
    opened = await openCounting(files.path, { logStarts: starts(9n, 7n, 3n) })
    expect(positions()).to.deep.equal([5n, 0n, 0n])
  })

  it('goes on from the stored position after a restart', async () => {
    await handle(0n, [event(), event()], { next: 7n })
    await reopen()
    expect(opened.counting.startAt('', 0)).to.equal(7n)
  })

  it('counts an event once that comes again at a later offset, also after a restart', async () => {
    const again = event()
    await handle(0n, [again])
    await reopen()
    await handle(1n, [again, event()])
    expect(await opened.totals()).to.deep.equal(chairs(2))
  })

  it('counts an event once that comes twice in one slice, and in two partitions of one flush', async () => {
    const again = event()
    await Promise.all([handle(0n, [again, again]), handle(0n, [again], { partition: 1 }), handle(0n, [again, event()], { partition: 2 })])
    expect(await opened.totals()).to.deep.equal(chairs(2))
    expect([0, 1, 2].map((partition) => opened.counting.startAt('', partition))).to.deep.equal([2n, 1n, 2n])
  })

  it('lets the neighbours of a refused slice count in the same flush', async () => {
    const [refused] = await Promise.all([rejection(handle(5n, [event()])), handle(0n, [event()], { partition: 1 })])
    expect(refused).to.be.instanceOf(OutOfPosition)
    expect(await opened.totals()).to.deep.equal(chairs(1))
  })

  it('counts again what an older file does not hold, and no more', async () => {
    const [one, two, three] = [event(), event(), event()]
    await handle(0n, [one])
    await opened.close()
    files.keepCopy()
    opened = await openCounting(files.path)
    await handle(1n, [two, three])
    await opened.close()
    files.restoreCopy()
    opened = await openCounting(files.path)
    expect(opened.counting.startAt('', 0)).to.equal(1n)
    await handle(1n, [two, three, one])
    expect(await opened.totals()).to.deep.equal(chairs(3))
  })

  it('fails alone with a sum beyond 64 bits, and counts nothing of it', async () => {
    const huge = { lines: [line('Chairs', 2_000_000_000, 9_000_000_000n)] }
    const [error] = await Promise.all([rejection(handle(0n, [event(newId(), huge)])), handle(0n, [event()], { partition: 1 })])
    expect(String(error)).to.contain('64 bits')
    const nearly = { lines: [line('Chairs', 1, 2n ** 63n - 2n)] }
    expect(String(await rejection(handle(0n, [event(newId(), nearly)])))).to.match(/out of range/i)
    expect(await opened.totals()).to.deep.equal(chairs(1))
    expect(opened.counting.startAt('', 0)).to.equal(0n)
  })
})

describe('the dedup window', () => {
  let files: ReturnType<typeof scratch>
  let opened: Opened
  const old = idAt(NOW - 9 * DAY_MS)
  const handle = (...args: Parameters<typeof slice>) => opened.counting.handle(slice(...args))
  const settleAsOf = async (asOfMs: number) => {
    opened.clock.at = asOfMs
    opened.counting.aimAt({ asOf: BigInt(asOfMs) * 1000n, ends: new Map() })
    await handle(opened.counting.startAt('', 0), [])
  }
  beforeEach(async () => {
    files = scratch()
    opened = await openCounting(files.path)
  })
  afterEach(async () => {
    await opened.close()
    files.remove()
  })

  it('rejects an event that is older, and nothing of its slice counts', async () => {
    await settleAsOf(NOW)
    const error = await rejection(handle(0n, [event(), event(old)]))
    expect(error).to.be.instanceOf(RejectedRecords)
    const faults = [...(error as RejectedRecords).faults].map(([offset, { reason }]) => [offset, reason])
    expect(faults).to.deep.equal([[1n, 'older-than-window']])
    expect(await opened.totals()).to.deep.equal([])
  })

  it('counts whatever its file has not forgotten: a file counted from the start of the topic rejects nothing', async () => {
    await handle(0n, [event(old)])
    expect(await opened.totals()).to.deep.equal(chairs(1))
  })

  it('forgets whole days of ids, and knows the others', async () => {
    const kept = event(idAt(NOW - 5 * DAY_MS))
    await handle(0n, [event(old), kept, event()])
    await settleAsOf(NOW)
    const tables = await opened.rows("select table_name from duckdb_tables() where table_name like 'seen%' order by all")
    expect(tables.flat()).to.deep.equal(['seen_20261119', 'seen_20261124'])
    await handle(3n, [kept])
    expect(await opened.totals()).to.deep.equal(chairs(3))
  })

  it('forgets no ids while one of two clocks is far ahead: the own one, or that of the database', async () => {
    const known = [event(idAt(NOW - 5 * DAY_MS)), event()]
    await handle(0n, known)
    opened.clock.at = NOW + 30 * DAY_MS
    opened.counting.aimAt({ asOf: BigInt(NOW) * 1000n, ends: new Map() })
    await handle(2n, known)
    opened.clock.at = NOW
    opened.counting.aimAt({ asOf: BigInt(NOW + 30 * DAY_MS) * 1000n, ends: new Map() })
    await handle(4n, known)
    await handle(6n, [...known, event()])
    expect(await opened.totals()).to.deep.equal(chairs(3))
  })

  it('counts an older event that it dead-lettered itself, once, however often it is replayed', async () => {
    await handle(0n, [], { next: 1n, deadLettered: [{ offset: 0n, eventId: old, reason: 'undecodable' }] })
    await settleAsOf(NOW)
    await handle(1n, [event(old)])
    await handle(2n, [event(old)])
    await opened.close()
    opened = await openCounting(files.path)
    await handle(3n, [event(old)])
    expect(await opened.totals()).to.deep.equal(chairs(1))
  })

  it('counts a dead-lettered event that is replayed within the window once, and still knows it when the window has passed', async () => {
    const failed = newId()
    await handle(0n, [], { next: 1n, deadLettered: [{ offset: 0n, eventId: failed, reason: 'undecodable' }] })
    await handle(1n, [event(failed)])
    await settleAsOf(NOW + 30 * DAY_MS)
    await handle(2n, [event(failed)])
    expect(await opened.totals()).to.deep.equal(chairs(1))
  })

  it('does not take an event for uncounted that was dead-lettered after it had been counted', async () => {
    const failed = newId()
    await handle(0n, [event(failed)])
    await handle(1n, [], { next: 2n, deadLettered: [{ offset: 1n, eventId: failed, reason: 'undecodable' }] })
    await settleAsOf(NOW + 30 * DAY_MS)
    await handle(2n, [event(failed)])
    expect(await opened.totals()).to.deep.equal(chairs(1))
  })

  it('does not take an event for uncounted because it was dead-lettered as too old', async () => {
    await handle(0n, [event(old)])
    await settleAsOf(NOW)
    await handle(1n, [], { next: 2n, deadLettered: [{ offset: 1n, eventId: old, reason: 'older-than-window' }] })
    expect(await rejection(handle(2n, [event(old)]))).to.be.instanceOf(RejectedRecords)
  })
})

describe('asOf in the counts', () => {
  let files: ReturnType<typeof scratch>
  let opened: Opened
  beforeEach(async () => {
    files = scratch()
    opened = await openCounting(files.path)
  })
  afterEach(async () => {
    await opened.close()
    files.remove()
  })
  const settled = async () => {
    await opened.counting.handle(slice(opened.counting.startAt('', 1), [event()], { partition: 1 }))
    return opened.counting.state().asOf
  }

  it('moves in the transaction in which the positions pass the noted ends, not before', async () => {
    opened.counting.aimAt({ asOf: 5_000_000n, ends: new Map([[0, 2n]]) })
    expect(await settled()).to.equal(null)
    await opened.counting.handle(slice(0n, [event()]))
    expect(opened.counting.state().asOf).to.equal(null)
    await opened.counting.handle(slice(1n, [event()]))
    expect(opened.counting.state().asOf).to.equal(5_000_000n)
    expect((await opened.answers.events([1n])).asOf).to.equal(5_000_000n)
  })

  it('never goes back, also after a restart', async () => {
    opened.counting.aimAt({ asOf: 5_000_000n, ends: new Map() })
    expect(await settled()).to.equal(5_000_000n)
    await opened.close()
    opened = await openCounting(files.path)
    opened.counting.aimAt({ asOf: 4_000_000n, ends: new Map() })
    expect(await settled()).to.equal(5_000_000n)
  })
})
