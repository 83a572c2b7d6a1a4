// A rebuild that fails while it opens what it needs leaves nothing open: the next one works. A log in memory, real files.
import { existsSync, rmSync } from 'node:fs'
import { migrate, openDuckDb } from '@tally/platform/duckdb/file'
import { createLog } from '@tally/platform/process/log'
import type { RecordLog } from '@tally/platform/records/record-log'
import { memoryLog } from '@tally/platform/test-support/memory-log'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { duckdbRecount } from '../rebuild/recount.ts'
import { MIGRATIONS } from '../store/schema.ts'
import { DAY_MS, type Opened, openCounting, scratch } from './support/counting.ts'
import { event, handClock, slice } from './support/orders.ts'
import { decode, encode, recounting } from './support/recounting.ts'

describe('a rebuild that failed before it counted', () => {
  const log = createLog('test', 'silent')
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

  it('because its records could not be read can be tried again, and again', async () => {
    const memory = memoryLog({ clock: opened.clock })
    memory.createTopic(ORDER_EVENTS, 1)
    const one = event()
    await memory.append(ORDER_EVENTS, [encode(one, 0)])
    await opened.counting.handle(slice(0n, [one]))
    let fails = 2
    const subscribe: RecordLog['subscribe'] = async (subscription) => {
      fails -= 1
      if (fails >= 0) throw new Error('on purpose')
      return memory.subscribe(subscription)
    }
    const { start, status, stopped } = await recounting(opened, { ...memory, subscribe }, files.path)
    for (const ended of [{ state: 'failed', why: 'on purpose' }, { state: 'failed', why: 'on purpose' }, { state: 'done' }]) {
      expect(start()).to.equal(true)
      await stopped()
      expect(status()).to.include(ended)
      expect(existsSync(`${files.path}.rebuild`)).to.equal(false)
    }
    await memory.close()
  })

  it('because its file could not be used can be tried again once that is mended', async () => {
    const path = `${files.path}.rebuild`
    const openFile = (path: string) => openDuckDb({ path, log, stopping: new AbortController().signal })
    const newer = await openFile(path)
    const connection = await newer.connect()
    await migrate(connection, [...MIGRATIONS, 'select 1'])
    await newer.close()
    const faults: unknown[] = []
    const onFault = (error: unknown) => faults.push(error)
    const open = duckdbRecount({ rules: { decode, clock: handClock(), dedupWindowMs: 8 * DAY_MS, onFault }, openFile, log })
    for (let n = 0; n < 2; n += 1) expect(await open(path, new Map()).catch(String)).to.contain('run the newer program')
    rmSync(path)
    const { counting, close } = await open(path, new Map())
    await counting.handle(slice(0n, [event()]))
    await close()
    expect(faults).to.deep.equal([])
  })
})
