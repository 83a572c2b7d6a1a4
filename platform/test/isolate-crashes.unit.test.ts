import { expect } from 'chai'
import type { Settle } from '../loop/bisect.ts'
import type { CrashMark, CrashMarks } from '../loop/crash-marks.ts'
import { crashIsolation } from '../loop/isolate-crashes.ts'
import { partitionsOf } from '../loop/partition.ts'
import { StopProcess, Unavailable } from '../process/errors.ts'
import { createLog } from '../process/log.ts'
import type { LogRecord, RecordBatch } from '../records/record-log.ts'

const log = createLog('test', 'silent')

function memoryMarks(): CrashMarks & { writes: number; left(): CrashMark | undefined } {
  let kept: CrashMark | undefined
  return {
    where: 'memory',
    writes: 0,
    left: () => kept,
    read: () => kept && structuredClone(kept),
    write(mark) {
      kept = structuredClone(mark)
      this.writes += 1
    },
    clear() {
      kept = undefined
    },
  }
}

function batchOf(partition: number, from: number, next: number): RecordBatch {
  const records: LogRecord[] = Array.from({ length: next - from }, (_, n) => ({
    ...{ topic: 't', partition, offset: BigInt(from + n), timestamp: 0, key: null, value: null, headers: {} },
  }))
  const range = { from: BigInt(from), next: BigInt(next), highWatermark: BigInt(next) }
  return { topic: 't', partition, records, ...range, heartbeat: async () => {}, owned: () => true }
}

const offsets = (records: LogRecord[]) => records.map(({ offset }) => Number(offset))

describe('caution after a crash', () => {
  let marks = memoryMarks()
  beforeEach(() => {
    marks = memoryMarks()
  })
  const start = () => {
    const isolation = crashIsolation({ marks, group: 'g', log })
    const partitions = partitionsOf({ now: () => 0 })
    return {
      work: (batch: RecordBatch, settle: Settle) => isolation.isolate(partitions.of(batch), batch.records, settle),
      close: isolation.close,
    }
  }
  type Caution = ReturnType<typeof start>

  /** A process that handles the batches until it dies over an offset; what it settled, and what it gave up on. */
  async function life(batches: RecordBatch[], deadly: (offset: number) => boolean) {
    const caution = start()
    const settled: number[][] = []
    const crashed: number[] = []
    for (const batch of batches) {
      const dead = Symbol('dead')
      const outcome = await new Promise((resolve, reject) => {
        const working = caution.work(batch, (records, poison) => {
          if (poison) crashed.push(...offsets(records))
          else if (offsets(records).some(deadly)) {
            resolve(dead)
            return new Promise(() => {})
          } else settled.push(offsets(records))
          return Promise.resolve()
        })
        working.then(resolve, reject)
      })
      if (outcome === dead) return { settled, crashed, died: true, caution }
    }
    return { settled, crashed, died: false, caution }
  }

  /** Lives until one does not die, each going on where the last one came to. */
  async function lives(size: number, deadly: (offset: number) => boolean) {
    const all: number[] = []
    const crashed: number[] = []
    for (let count = 1; ; count += 1) {
      const from = Math.max(-1, ...all, ...crashed) + 1
      const one = await life([batchOf(0, from, size)], deadly)
      all.push(...one.settled.flat())
      crashed.push(...one.crashed)
      if (!one.died) return { all, crashed, count, caution: one.caution }
    }
  }

  it('costs nothing after a start that follows an orderly stop', async () => {
    const first = start()
    first.close()
    const second = start()
    const before = marks.writes
    const parts: number[][] = []
    await second.work(batchOf(0, 0, 100), async (records) => void parts.push(offsets(records)))
    expect(marks.writes).to.equal(before)
    expect(parts).to.have.length(1)
  })

  it('finds the one record among thousands within a handful of deaths, and handles all others once', async () => {
    const { all, crashed, count, caution } = await lives(4_000, (offset) => offset === 2_718)
    expect(crashed).to.deep.equal([2_718])
    expect(all).to.deep.equal(Array.from({ length: 4_000 }, (_, n) => n).filter((n) => n !== 2_718))
    expect(count).to.be.at.most(7)
    caution.close()
    expect(marks.left()).to.equal(undefined)
  })

  it('gives up on a record only when it was alone in hand at two deaths in a row', async () => {
    const first = await life([batchOf(0, 5, 6)], () => true)
    expect(first.died).to.equal(true)
    // The first death left no mark of what was in hand.
    for (const deaths of [1, 2]) {
      const { crashed, died } = await life([batchOf(0, 5, 6)], () => true)
      expect({ crashed, died, deaths: deaths }).to.deep.equal({ crashed: [], died: true, deaths })
    }
    expect((await life([batchOf(0, 5, 6)], () => true)).crashed).to.deep.equal([5])
  })

  it('blames no record of a process that is killed at other moments each time', async () => {
    for (let next = 1; next < 40; next += 1) {
      const { crashed } = await life([batchOf(0, next, next + 20), batchOf(1, 0, 5)], (offset) => offset === next)
      expect(crashed).to.deep.equal([])
    }
  })

  it('forgets a suspicion when the process dies over other records', async () => {
    const alone = batchOf(0, 5, 6)
    await life([alone], () => true)
    await life([alone], () => true)
    await life([batchOf(1, 0, 3)], () => true)
    const { crashed, died } = await life([alone], () => true)
    expect({ crashed, died }).to.deep.equal({ crashed: [], died: true })
  })

  it('holds nothing against a record while it is merely put off', async () => {
    const away = async (caution: Caution) => {
      const error = await caution.work(batchOf(0, 5, 6), () => Promise.reject(new Unavailable('away'))).catch((caught) => caught)
      expect(error).to.be.instanceOf(Unavailable)
    }
    start()
    for (let restart = 0; restart < 4; restart += 1) await away(start())
    const seen: (string | undefined)[] = []
    await start().work(batchOf(0, 5, 6), async (_, poison) => void seen.push(poison?.reason))
    expect(seen).to.deep.equal([undefined])
  })

  it('has one partition in hand at a time while a record is sought', async () => {
    start()
    const caution = start()
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const begun: number[] = []
    const working = [0, 1].map((partition) =>
      caution.work(batchOf(partition, 0, 3), async () => {
        begun.push(partition)
        await gates[partition]?.promise
      }),
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect(begun).to.deep.equal([0])
    gates[0]?.resolve()
    gates[1]?.resolve()
    await Promise.all(working)
    expect(begun).to.deep.equal([0, 1])
  })

  it('stops rather than dead-letter record after record when each ends the process', async () => {
    const crashed: number[] = []
    let error: unknown
    for (let count = 0; count < 40 && error === undefined; count += 1) {
      const from = Math.max(-1, ...crashed) + 1
      const one = await life([batchOf(0, from, 50)], () => true).catch((caught) => {
        error = caught
      })
      crashed.push(...(one?.crashed ?? []))
    }
    expect(error).to.be.instanceOf(StopProcess)
    expect(crashed).to.deep.equal([0, 1, 2])
  })
})
