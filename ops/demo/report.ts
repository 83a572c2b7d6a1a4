// What the demo prints. Pure but for the progress bar.
import type { CategoryTotal } from './superstore.ts'

export type Forecast = {
  asOf: string
  model: string
  points: { start: string; mean: number; lower80: number; upper80: number }[]
  accuracy: { wape: number | null; coverage80: number }
}

export type Addresses = { ingestApi: string; aggregator: string; forecaster: string; aggregatorOps: string }

const dollars = (minor: number) => (minor / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const SHOWN = 5

/** The top categories and the sum of all, counted beside computed from the file. */
export function totalsTable(fromFile: CategoryTotal[], counted: Map<string, CategoryTotal>): string {
  const all = (totals: Iterable<CategoryTotal>) => {
    const sum = { category: 'all 17', orders: 0, units: 0, revenueMinor: 0 }
    for (const { units, revenueMinor } of totals) {
      sum.units += units
      sum.revenueMinor += revenueMinor
    }
    return sum
  }
  const line = (file: CategoryTotal, count: CategoryTotal | undefined) =>
    `  ${file.category.padEnd(14)}${String(count?.units ?? 0).padStart(9)}${dollars(count?.revenueMinor ?? 0).padStart(16)}${dollars(file.revenueMinor).padStart(20)}`
  return [
    `  ${'category'.padEnd(14)}${'units'.padStart(9)}${'counted, USD'.padStart(16)}${'from the file, USD'.padStart(20)}`,
    ...fromFile.slice(0, SHOWN).map((total) => line(total, counted.get(total.category))),
    line(all(fromFile), all(counted.values())),
  ].join('\n')
}

/** One line for every number that is not equal. */
export function differences(fromFile: CategoryTotal[], counted: Map<string, CategoryTotal>): string[] {
  const unknown = [...counted.keys()].filter((category) => !fromFile.some((total) => total.category === category))
  return [
    ...unknown.map((category) => `${category} is counted but not in the file`),
    ...fromFile.flatMap((file) => {
      const count = counted.get(file.category)
      const measures = ['orders', 'units', 'revenueMinor'] as const
      return measures
        .filter((measure) => file[measure] !== (count?.[measure] ?? 0))
        .map((measure) => `${file.category}, ${measure}: ${count?.[measure] ?? 0} counted, ${file[measure]} in the file`)
    }),
  ]
}

/** The next days of one category with their band. */
export function forecastText(category: string, forecast: Forecast): string {
  const { model, accuracy, asOf, points } = forecast
  const rows = points.slice(0, SHOWN).map(({ start, mean, lower80, upper80 }) => {
    return `  ${start.slice(0, 10)}${mean.toFixed(1).padStart(10)}${`${lower80.toFixed(1)} – ${upper80.toFixed(1)}`.padStart(18)}`
  })
  const wape = accuracy.wape === null ? 'not defined' : `${(accuracy.wape * 100).toFixed(0)} %`
  return [
    `Units of ${category} per day, forecast by ${model} from history as of ${asOf}`,
    `(backtest: error ${wape} of the daily volume, ${(accuracy.coverage80 * 100).toFixed(0)} % of days inside the 80 % band):`,
    `  ${'day'.padEnd(10)}${'expected'.padStart(10)}${'80 % band'.padStart(18)}`,
    ...rows,
    '',
  ].join('\n')
}

/** Where to look and what to try. */
export function nextThings(urls: Addresses, stack: string, portOffset: number): string {
  const prefix = stack === 'default' ? '' : `STACK=${stack} PORT_OFFSET=${portOffset} `
  return [
    `Orders   ${urls.ingestApi}/v1/orders`,
    `Counts   ${urls.aggregator}/v1/categories/top?currency=USD&window=24h`,
    `Forecast ${urls.forecaster}/v1/forecasts?category=Phones&currency=USD&size=day`,
    `Metrics  ${urls.aggregatorOps}/metrics`,
    '',
    'Try next:',
    `  ${prefix}make kill S=aggregator   crash it as often as you like: the counts stay right`,
    `  ${prefix}make demo                again: it adds nothing`,
    `  ${prefix}make replay-dlq          what failed, and how to put it back (README: "Break it")`,
  ].join('\n')
}

/** A bar on a terminal, a line each fifth elsewhere. */
export function progressBar(total: number, out: NodeJS.WriteStream): { advance(done: number): void; end(): void } {
  const width = 40
  let shown = 0
  return {
    advance(done) {
      const steps = out.isTTY ? 100 : 5
      const step = Math.floor((done / total) * steps)
      if (step === shown) return
      shown = step
      const filled = Math.round((done / total) * width)
      const text = `  [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}/${total}`
      out.write(out.isTTY ? `\r${text}` : `${text}\n`)
    },
    end() {
      if (out.isTTY) out.write('\n')
    },
  }
}
