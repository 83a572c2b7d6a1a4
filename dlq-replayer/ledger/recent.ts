// The latest outcomes of a run's dead letters, as the ledger keeps them. Pure.
import type { How, Outcome } from './outcome.ts'

/** The latest outcomes of what was sent, oldest first; equal ones in a row are one. */
export type Recent = { outcome: Outcome; letters: number }[]

const WINDOW = 500
/** Of these a replay went out, and was not seen to fail. */
export const GOOD: readonly Outcome[] = ['counted', 'already-counted', 'handled']
const TOLD: readonly Outcome[] = [...GOOD, 'failed-again', 'unknown']

/** Adds outcomes; what is older than the window is forgotten. What was never sent says nothing. */
export function addToRecent(recent: Recent, { outcome }: How, letters: number): void {
  if (!TOLD.includes(outcome)) return
  const last = recent.at(-1)
  if (last?.outcome === outcome) last.letters += letters
  else recent.push({ outcome, letters })
  let over = sizeOf(recent) - WINDOW
  for (let first = recent[0]; first && over > 0; first = recent[0]) {
    const leaving = Math.min(first.letters, over)
    first.letters -= leaving
    over -= leaving
    if (first.letters === 0) recent.shift()
  }
}

export const sizeOf = (recent: Recent) => recent.reduce((sum, { letters }) => sum + letters, 0)
export const countOf = (recent: Recent, outcome: Outcome) => sizeOf(recent.filter((each) => each.outcome === outcome))
