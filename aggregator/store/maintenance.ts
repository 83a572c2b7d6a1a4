// The past of the counts in the same file: what changed between two kept instants is summed up, what is too old is deleted.
import type { DuckDBConnection } from '@duckdb/node-api'
import { readRows, transaction } from '@tally/platform/duckdb/file'
import type { Tending } from './maintain-counts.ts'
import { bucketsSql } from './schema.ts'

/** Fewer rows a read sums up in a few milliseconds. */
const ABSORB_ROWS = 250_000
/** All sums anew at once would take as much memory as everything else together, and no less time. */
const PARTS = 8

/** @param connection used by nobody else. The writer only appends to `changes`, so the two never want the same row. */
export async function duckdbTending(connection: DuckDBConnection, absorbRows = ABSORB_ROWS): Promise<Tending> {
  await connection.run(
    'create temp table packed (revision bigint, minute integer, series integer, orders bigint, units bigint, revenue_minor bigint)',
  )
  /** What was added up to now becomes part of the sums: row by row, or all sums anew when that is less work. */
  async function absorb(): Promise<void> {
    const [[revision, absorbed] = [0n, 0n]] = await readRows<[bigint, bigint]>(
      connection,
      'select state.revision, absorbed.revision from state, absorbed',
    )
    const [[added, summed] = [0n, 0n]] = await readRows<[bigint, bigint]>(
      connection,
      `select (select count(*) from changes where revision > ${absorbed}), (select count(*) from summed)`,
    )
    if (added === 0n) return
    if (added * 2n > summed) {
      await connection.run('create table summed_anew as from summed limit 0')
      for (let part = 0; part < PARTS; part += 1)
        await connection.run(`insert into summed_anew ${bucketsSql(String(absorbed), '', `series % ${PARTS} = ${part}`)}`)
      await connection.run('drop table summed')
      await connection.run('alter table summed_anew rename to summed')
    } else {
      await connection.run(`merge into summed c using (select minute, series, sum(orders) orders, sum(units) units, sum(revenue_minor) revenue_minor
          from changes where revision > ${absorbed} group by minute, series) s on c.minute = s.minute and c.series = s.series
        when matched and c.orders + s.orders = 0 then delete
        when matched then update set orders = c.orders + s.orders, units = c.units + s.units, revenue_minor = c.revenue_minor + s.revenue_minor
        when not matched and s.orders <> 0 then insert values (s.minute, s.series, s.orders, s.units, s.revenue_minor)`)
    }
    await connection.run(`update absorbed set revision = ${revision}`)
  }

  /** Changes that are summed up, published and older than every kept instant say nothing to anyone. */
  const forget = () =>
    connection.run(`delete from changes where revision <= (select least(published_up_to, absorbed.revision, (select min(revision) from kept))
      from state, absorbed)`)

  return {
    async absorb() {
      const [[added] = [0n]] = await readRows<[bigint]>(
        connection,
        'select count(*) from changes where revision > (select revision from absorbed)',
      )
      if (added < absorbRows) return
      await transaction(connection, async () => {
        await absorb()
        await forget()
      })
    },
    keepAsOf: (oldest) =>
      transaction(connection, async () => {
        const [row] = await readRows<[bigint | null, bigint]>(connection, 'select as_of, revision from state')
        const [asOf, revision] = row ?? [null, 0n]
        if (asOf === null) return
        await absorb()
        // Between two kept instants nobody asks: one row a bucket will do, with the revision that is still to be published.
        const between = `revision <= ${revision} and revision > coalesce((select max(revision) from kept), -1)`
        await connection.run(`insert into packed select max(revision), minute, series, sum(orders), sum(units), sum(revenue_minor)
          from changes where ${between} group by minute, series`)
        await connection.run(`delete from changes where ${between}`)
        await connection.run('insert into changes from packed')
        await connection.run('delete from packed')
        await connection.run(`insert into kept select ${asOf}, ${revision} where not exists (from kept where as_of = ${asOf})`)
        await connection.run(`delete from kept where as_of < ${oldest}`)
        await forget()
      }),
    async foldable(from, to, rows) {
      const [row] = await readRows<[number | null, number | null]>(
        connection,
        `with hours as (select minute // 60 "hour", count(*) n from counts where minute >= ${from} and minute < ${to} group by "hour"),
           summed as (select "hour", sum(n) over (order by "hour") upto from hours)
         select max("hour") filter (upto <= ${rows}), min("hour") from summed where upto <= ${rows} or upto = (select min(upto) from summed)`,
      )
      const last = row?.[0] ?? row?.[1]
      const [left] = await readRows(connection, `select 1 from counts where minute >= ${((last ?? 0) + 1) * 60} and minute < ${to} limit 1`)
      return last === null || last === undefined || left === undefined ? to : (last + 1) * 60
    },
    async checkpoint() {
      try {
        await connection.run('checkpoint')
      } catch (error) {
        // A transaction is under way: the next pass finds a better moment, and a long WAL is written without being asked.
        if (!/other (write )?transactions/i.test(String(error))) throw error
      }
    },
  }
}
