// Made-up demand, the same in every run.
import { forecast } from '../../backtest/forecast.ts'
import type { Model } from '../../models/model.ts'
import type { Rhythm } from '../../series/series.ts'

/** Numbers within [0, 1) from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Knuth's way to draw how often something happens that happens `mean` times on average. */
export function poisson(mean: number, random: () => number): number {
  const limit = Math.exp(-mean)
  let count = -1
  for (let product = 1; product > limit; count++) product *= random()
  return count
}

const WEEK = [1.6, 1.2, 1, 1, 1.3, 0.5, 0.4]

/** Days of orders with a weekly pattern and Poisson noise. */
export function weeklyDemand(days: number, { seed = 1, level = 20, growth = 0 } = {}): number[] {
  const random = randomFrom(seed)
  return Array.from({ length: days }, (_, day) => poisson(level * (1 + growth * day) * (WEEK[day % 7] ?? 1), random))
}

/** Runs the generator to its end. */
export function forecastOf(history: readonly number[], options: { rhythm: Rhythm; horizon: number; models: readonly Model[] }) {
  const work = forecast(history, options)
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

/** The same, for histories that are long enough. */
export function madeOf(history: readonly number[], options: { rhythm: Rhythm; horizon: number; models: readonly Model[] }) {
  const made = forecastOf(history, options)
  if ('needed' in made) throw new Error(`needs ${made.needed} periods, was given ${made.given}`)
  return made
}
