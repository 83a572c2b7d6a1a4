// The stored forecasts, over a real file.
import { migrate, openDuckDb } from '@tally/platform/duckdb/file'
import { duckdbSnapshots } from '@tally/platform/duckdb/snapshots'
import type { OrderForecast } from '@tally/schemas/contract/order-forecast'
import { expect } from 'chai'
import { duckdbForecasts } from '../publish/duckdb-forecasts.ts'
import { MIGRATIONS } from '../series/demand-schema.ts'
import { NOW, scratch, silent } from './support/forecaster.ts'

describe('stored forecasts', () => {
  it('are all there for who reads them while one is being replaced', async () => {
    const files = scratch()
    const file = await openDuckDb({ path: files.path, log: silent, stopping: new AbortController().signal })
    const connection = await file.connect()
    await migrate(connection, MIGRATIONS)
    const [inserting, insert] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let hold = false
    const held = new Proxy(connection, {
      get(target, name: 'run') {
        const member = target[name]
        if (typeof member !== 'function') return member
        return async (...args: Parameters<typeof member>) => {
          if (hold && String(args[0]).startsWith('insert into forecasts')) {
            inserting.resolve()
            await insert.promise
          }
          return member.apply(target, args)
        }
      },
    })
    const forecasts = duckdbForecasts(held, duckdbSnapshots(file.connect))
    const of = (asOf: bigint) => ({ forecast: { category: 'Chairs', asOf } as OrderForecast, fingerprint: String(asOf) })
    await forecasts.save('Chairs', of(NOW))
    hold = true
    const saved = forecasts.save('Chairs', of(NOW + 1n))
    await inserting.promise
    expect((await forecasts.all()).map(({ asOf }) => asOf)).to.deep.equal([NOW])
    insert.resolve()
    await saved
    expect((await forecasts.all()).map(({ asOf }) => asOf)).to.deep.equal([NOW + 1n])
    await file.close()
    files.remove()
  })
})
