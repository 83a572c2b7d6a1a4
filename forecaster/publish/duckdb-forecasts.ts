// The newest published forecast of every series, and what of it is still to be published.
import type { DuckDBConnection } from '@duckdb/node-api'
import { readRows, transaction } from '@tally/platform/duckdb/file'
import type { Snapshots } from '@tally/platform/duckdb/snapshots'
import type { OrderForecast } from '@tally/schemas/contract/order-forecast'
import type { Forecasts } from './forecast-demand.ts'

/**
 * @param connection used by nobody else, to a migrated file
 * @param inSnapshot where `all` is read, which comes at any time: also between the two halves of a `save`
 */
export function duckdbForecasts(connection: DuckDBConnection, inSnapshot: Snapshots): Forecasts & { all(): Promise<OrderForecast[]> } {
  return {
    async fingerprint(name) {
      const [row] = await readRows<[string]>(connection, 'select fingerprint from forecasts where name = ?', [name])
      return row?.[0]
    },
    save: (name, { forecast, fingerprint }) =>
      transaction(connection, async () => {
        await connection.run('delete from forecasts where name = ?', [name])
        await connection.run('insert into forecasts values (?, ?, ?, false)', [name, fingerprint, written(forecast)])
      }),
    async unpublished() {
      const rows = await readRows<[string, string]>(connection, 'select name, forecast from forecasts where not published order by name')
      return new Map(rows.map(([name, text]) => [name, read(text)]))
    },
    async published(names) {
      const list = names.map(() => '?').join()
      await transaction(connection, () => connection.run(`update forecasts set published = true where name in (${list})`, [...names]))
    },
    async all() {
      const rows = await inSnapshot((reader) => readRows<[string]>(reader, 'select forecast from forecasts order by name'))
      return rows.map(([text]) => read(text))
    },
  }
}

const TIMES = new Set(['asOf', 'generatedAt', 'start', 'end'])

/** Times are bigint: they are kept as decimal text. */
const written = (forecast: OrderForecast) => JSON.stringify(forecast, (_key, value) => (typeof value === 'bigint' ? String(value) : value))
const read = (text: string): OrderForecast => JSON.parse(text, (key, value) => (TIMES.has(key) ? BigInt(value) : value))
