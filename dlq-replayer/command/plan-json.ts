// The plan for machines: one JSON value, bigint as decimal text.
import { maskedBytes, maskedMessage, maskedValue } from '#letters/mask'
import { positionRanges } from '#letters/positions'
import { causesOf, deletionOf } from '#plan/plan'
import type { PlanView } from './plan-text.ts'

const isoOrNull = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())

/** The plan as a plain JSON value. */
export function planJson({ plans, planId, filter, unmask }: PlanView): unknown {
  return {
    planId,
    filter,
    selected: plans.reduce((sum, plan) => sum + plan.selected, 0),
    queues: plans.map((plan) => ({
      dlq: plan.dlq.name,
      topic: plan.dlq.topic,
      group: plan.dlq.group,
      open: plan.selected + plan.others,
      selected: plan.selected,
      settled: plan.settled,
      unknown: plan.unknown,
      oldest: isoOrNull(plan.oldest),
      deletedAt: isoOrNull(deletionOf(plan)),
      ends: Object.fromEntries([...plan.ends].map(([partition, end]) => [partition, String(end)])),
      positions: positionRanges(plan.selection).map(({ partition, from, next }) => [partition, String(from), String(next)]),
      causes: causesOf(plan).map(({ samples, firstSeen, lastSeen, message, ...cause }) => ({
        ...cause,
        schemaId: cause.schemaId ?? null,
        stack: cause.stack ?? null,
        firstSeen: new Date(firstSeen).toISOString(),
        lastSeen: new Date(lastSeen).toISOString(),
        message: maskedMessage(message, unmask),
        samples: samples.map(({ partition, offset, eventId, key, letter, value }) => ({
          partition,
          offset: String(offset),
          eventId: eventId ?? null,
          key: key ?? null,
          value: value === undefined ? null : maskedValue(value, unmask),
          bytes: value === undefined ? maskedBytes(letter.value, unmask) : null,
        })),
      })),
    })),
  }
}
