// The shape of every chaos test: a fault under load, healed; the load ends, all settles, the books agree.
import { randomUUID } from 'node:crypto'
import { startBooks } from './books.ts'
import { CHAOS_SEED } from './config.ts'
import { checkBooks } from './conservation.ts'
import { allCounted } from './counts.ts'
import { type Load, startLoad } from './load.ts'
import { addMerchant } from './orders.ts'
import { type Random, seeded } from './random.ts'
import { until } from './until.ts'
import { startWitness } from './witness.ts'

export type Scene = {
  load: Load
  random: Random
  /** Begins every category of this test's orders. */
  prefix: string
  /** Waits until so many more orders are acknowledged. */
  more(orders: number): Promise<void>
  /** asOf may go back from now on: the file is an older one. */
  forgive(): void
}

type Options = { perSecond?: number; settleMs?: number }

/**
 * Runs `fault` while 200 orders a second are placed, and then holds the stack to its promises: every order is acknowledged
 * and counted, asOf never went back nor told a lie, the aggregator drains, and the five books agree.
 */
export async function underLoad(fault: (scene: Scene) => Promise<void>, { perSecond = 200, settleMs = 90_000 }: Options = {}) {
  const seed = CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31)
  const prefix = `chaos-${seed}-${randomUUID().slice(0, 6)}`
  const random = seeded(seed)
  await startBooks()
  const load = startLoad({ apiKey: await addMerchant(), prefix, perSecond, random: seeded(seed + 1) })
  let forgiven = false
  const witness = startWitness(load, prefix, () => forgiven)
  try {
    const more = async (orders: number) => {
      const goal = load.acknowledged.length + orders
      await until(() => load.acknowledged.length >= goal, { what: `${orders} more orders are acknowledged`, timeoutMs: settleMs })
    }
    await more(perSecond)
    await fault({ load, random, prefix, more, forgive: () => (forgiven = true) })
    await more(perSecond)
    const { orders, ledger } = await load.end(settleMs)
    await allCounted(settleMs)
    const { answers } = await witness.end()
    const { repeated } = await checkBooks(ledger, prefix)
    process.stdout.write(
      `        ${orders} orders, ${load.failedAttempts()} attempts failed, ${repeated} events repeated, ${answers} answers seen\n`,
    )
    return { orders, repeated }
  } catch (error) {
    process.stderr.write(`        to repeat: CHAOS_SEED=${seed}\n`)
    await Promise.allSettled([load.end(0), witness.end()])
    throw error
  }
}
