// What the audit topic says, one entry a record: who did what to which letters, and what became of each.

import type { Place, Range } from '#letters/positions'
import type { Settled } from './outcome.ts'

export const ACTIONS = ['replay', 'discard', 'unpark', 'patch'] as const
export type Action = (typeof ACTIONS)[number]

/** End offset by partition. */
export type Ends = Map<number, bigint>

export const endsOf = (bounds: Map<number, { highWatermark: bigint }>): Ends =>
  new Map([...bounds].map(([partition, { highWatermark }]) => [partition, highWatermark]))

/** Where the first of the places lies, by partition. */
export function firstOf(places: Place[]): Ends {
  const first: Ends = new Map()
  for (const { partition, offset } of places) {
    const known = first.get(partition)
    if (known === undefined || offset < known) first.set(partition, offset)
  }
  return first
}

/** What came between the ends of then and those of now; from the first letter on where nothing is known of then. */
export const rangesBetween = (then: Ends, now: Ends): Range[] =>
  [...now].map(([partition, next]) => ({ partition, from: then.get(partition) ?? 0n, next }))

/** Part of what a run is to work on; written before its start, in as many entries as it takes. */
export type Selected = { kind: 'selected'; run: string; ranges: Range[] }

export type Started = {
  kind: 'started'
  run: string
  dlq: string
  action: Action
  planId: string
  letters: number
  who: string
  why: string
  /** The filter as the engineer gave it. */
  filter: Record<string, string>
  /** Letters a second; 0: as fast as the group keeps up. */
  rate: number
  canary: number
  at: number
}

/** A cut of the run is about to go out; the ends tell its replays and their failures from everything older. */
export type Sending = { kind: 'sending'; run: string; cut: number; topicEnds: Ends; dlqEnds: Ends; at: number }

export type SettledLetters = { kind: 'settled'; run: string; dlq: string; letters: Settled[]; at: number }

export type Control = { kind: 'paused' | 'resumed' | 'cancelled'; run: string; who: string; why?: string; at: number }

export const ENDINGS = ['done', 'canary-failed', 'mostly-failed', 'cancelled'] as const
export type Ending = (typeof ENDINGS)[number]

export type Ended = { kind: 'ended'; run: string; how: Ending; at: number }

/** Why a run does not send for now; an empty text: it goes on. */
export type Noted = { kind: 'noted'; run: string; text: string; at: number }

export type Entry = Selected | Started | Sending | SettledLetters | Control | Noted | Ended
