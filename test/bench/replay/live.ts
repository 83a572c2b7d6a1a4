// Live orders, acknowledged → readable: alone, and while letters are replayed as the command does it and at full speed.

import { DEFAULT_RATE } from '@tally/dlq-replayer/command/words'
import type { RecordLog } from '@tally/platform/records/record-log'
import { addMerchant, uniqueCategory } from '../../support/orders.ts'
import { quantile, spreadOf } from '../api/statistics.ts'
import { type Latencies, orderLatency } from '../order-latency.ts'
import { replayAll } from './command.ts'
import { LIVE_LETTERS, LIVE_RATE, LIVE_SECONDS, ROUNDS } from './config.ts'
import { fillQueue } from './letters.ts'

const GOAL = 1.5
/** More would leave the list of the first 100 before they are seen, should the aggregator stand still for seconds. */
const WATCHED_PER_SECOND = 20

const say = (text: string) => process.stdout.write(`${text}\n`)
const p99 = ({ readable }: Latencies) => quantile(readable, 0.99)

function tell(what: string, latencies: Latencies): void {
  const ms = (sorted: number[]) => [0.5, 0.99, 1].map((q) => quantile(sorted, q).toFixed(0)).join(' / ')
  const { posts, readable } = latencies
  say(`  ${what.padEnd(32)} readable p50/p99/max ${ms(readable)} ms of ${readable.length}   POST ${ms(posts)} ms`)
}

/** Says each round and the ratios. */
export async function measureLive(log: RecordLog): Promise<void> {
  const apiKey = await addMerchant('bench-replay')
  const measure = orderLatency({ apiKey, rate: LIVE_RATE, watchEvery: Math.max(1, Math.round(LIVE_RATE / WATCHED_PER_SECOND)) })
  const alone = () => measure((n) => n < LIVE_RATE * LIVE_SECONDS)

  async function during(what: string, letters: number, variables: Record<string, string>): Promise<Latencies> {
    await fillQueue(log, uniqueCategory('live'), letters)
    let running = true
    const replaying = replayAll(letters, variables).finally(() => {
      running = false
    })
    const [latencies, { runSeconds }] = await Promise.all([measure(() => running), replaying])
    tell(`${what}, ${(letters / runSeconds).toFixed(0)}/s`, latencies)
    return latencies
  }

  say(`${LIVE_RATE} orders/s, acknowledged → in top categories; the first round warms up`)
  const ratios: { paced: number; full: number }[] = []
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = await alone()
    tell('no replay', before)
    const paced = await during('a replay', DEFAULT_RATE * LIVE_SECONDS, {})
    const full = await during('a replay with RATE=0', LIVE_LETTERS, { RATE: '0' })
    if (round > 0) ratios.push({ paced: p99(paced) / p99(before), full: p99(full) / p99(before) })
  }
  const { median, low, high } = spreadOf(ratios.map(({ paced }) => paced))
  say(
    `  ${median <= GOAL ? 'met   ' : 'MISSED'} p99 during a replay: ${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}) × (≤ ${GOAL})`,
  )
  const unpaced = spreadOf(ratios.map(({ full }) => full))
  say(`         with RATE=0: ${unpaced.median.toFixed(2)} (${unpaced.low.toFixed(2)}–${unpaced.high.toFixed(2)}) ×`)
}
