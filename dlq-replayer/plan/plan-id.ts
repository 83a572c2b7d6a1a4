// A plan's id says all that a run needs to select the very same letters, however the queues grow: a digest of the
// selected positions, when it was made, and where the queues ended then.
import { createHash } from 'node:crypto'
import type { Bounds } from '@tally/platform/records/record-log'
import { positionRanges } from '#letters/positions'
import type { QueuePlan } from './plan.ts'

export const PLAN_HOURS = 24

export type PlanId = { digest: string; at: number; ends: bigint[] }

/** The same letters have the same digest, whoever plans. */
export function digestOf(plans: QueuePlan[]): string {
  const hash = createHash('sha256')
  for (const { dlq, selection } of plans) {
    for (const { partition, from, next } of positionRanges(selection)) hash.update(`${dlq.name} ${partition} ${from} ${next}\n`)
  }
  return hash.digest('hex').slice(0, 10)
}

/** `digest.time.end.end…`, numbers to the base 36, ends by queue and partition. */
export function planIdText(plans: QueuePlan[], at: number): string {
  const ends = plans.flatMap((plan) => [...plan.ends].sort(([a], [b]) => a - b).map(([, end]) => end.toString(36)))
  return [digestOf(plans), at.toString(36), ...ends].join('.')
}

/** @throws Error when it is none */
export function parsePlanId(text: string): PlanId {
  const [digest = '', at = '', ...ends] = text.split('.')
  if (!/^[\da-f]{10}$/.test(digest) || !/^[\da-z]{8,9}$/.test(at) || !ends.every((end) => /^[\da-z]{1,12}$/.test(end))) {
    throw new Error(`PLAN=${text}: expected what a plan printed, such as 4be63022b0.mhz4k3ab.2s`)
  }
  return { digest, at: Number.parseInt(at, 36), ends: ends.map(fromBase36) }
}

const fromBase36 = (text: string): bigint => [...text].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n)

/** The bounds of queues as they were when the plan was made; undefined when the queues are others by now. */
export function boundsThen(ends: bigint[], now: Map<number, Bounds>[]): Map<number, Bounds>[] | undefined {
  const left = [...ends]
  const then = now.map((partitions) => {
    const sorted = [...partitions].sort(([a], [b]) => a - b)
    return new Map(sorted.map(([partition, bounds]) => [partition, { ...bounds, highWatermark: left.shift() ?? -1n }]))
  })
  const known = then.flatMap((partitions, i) =>
    [...partitions].map(([partition, { highWatermark }]) => fits(highWatermark, now[i]?.get(partition))),
  )
  return left.length === 0 && known.every(Boolean) ? then : undefined
}

const fits = (end: bigint, bounds: Bounds | undefined): boolean => bounds !== undefined && end >= 0n && end <= bounds.highWatermark
