// The process is killed at every step of its work on the file; whatever it leaves behind, the next one counts the rest once.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openCounting, scratch } from './support/counting.ts'
import { countRest, logOf, partitions } from './support/killed-counter.ts'

const COUNTER = fileURLToPath(new URL('./support/killed-counter.ts', import.meta.url))

function expected(next: (partition: number) => bigint): string[] {
  const sums = new Map<string, number>()
  const ids = new Set<bigint>()
  for (const partition of partitions)
    for (const { eventId, order } of logOf(partition).slice(0, Number(next(partition)))) {
      if (ids.has(eventId)) continue
      ids.add(eventId)
      for (const { category } of order.lines) sums.set(category, (sums.get(category) ?? 0) + 1)
    }
  return [...sums].map(([category, orders]) => `${category} ${orders}`).sort()
}

const COUNTS = "select category || ' ' || sum(orders) from counts join series on series = id group by category"

describe('a counting process', () => {
  it('killed before any of its calls to DuckDB leaves whole transactions, and the next one completes the counts', async function () {
    this.timeout(600_000)
    let killed = 0
    for (let atCall = 1; ; atCall += 1) {
      const files = scratch()
      try {
        const { signal, status, stderr } = spawnSync(process.execPath, [COUNTER, files.path, String(atCall)], { encoding: 'utf8' })
        if (signal !== 'SIGKILL') {
          expect(status, stderr).to.equal(0)
          break
        }
        killed += 1
        const { counting, rows, close } = await openCounting(files.path)
        const counts = async () => (await rows(COUNTS)).flat().sort()
        expect(await counts(), `killed before call ${atCall}`).to.deep.equal(expected((partition) => counting.startAt('', partition)))
        await countRest(counting)
        expect(await counts(), `killed before call ${atCall}, then completed`).to.deep.equal(expected(() => 100n))
        await close()
      } finally {
        files.remove()
      }
    }
    expect(killed).to.be.greaterThan(30)
  })
})
