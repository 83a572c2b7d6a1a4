// A plan over a long queue: how long the command takes, and how much memory its process holds.
import type { RecordLog } from '@tally/platform/records/record-log'
import { uniqueCategory } from '../../support/orders.ts'
import { runCommand } from './command.ts'
import { PLAN_SCALE, ROUNDS } from './config.ts'
import { fillQueue } from './letters.ts'

/** Leaves the letters where they are. */
export async function measurePlan(log: RecordLog): Promise<void> {
  await fillQueue(log, uniqueCategory('plan'), PLAN_SCALE)
  process.stdout.write(`plan over ${PLAN_SCALE.toLocaleString('en')} letters\n`)
  for (let n = 0; n < ROUNDS; n += 1) {
    const { answer, seconds, peakMb } = await runCommand({})
    if ((answer.selected ?? 0) < PLAN_SCALE) throw new Error(`the plan is over ${answer.selected} letters only`)
    process.stdout.write(`  ${seconds.toFixed(1)} s, peak ${peakMb.toFixed(0)} MB\n`)
  }
}
