// Answers are kept for a moment and shared by all who ask the same; nobody is told an asOf older than one told before.
import type { Clock } from '@tally/platform/process/clock'

/** `past`: it was asked for an instant of the past. */
export type Kept = { asOf: bigint | null; past: boolean; body: string | Buffer }

type Entry<A> = { untilMs: number; answer: Promise<A> }

/** @param anew whoever asks does not want a kept answer; the new one is kept all the same */
export type KeepAnswers<A extends Kept> = (question: string, ask: () => Promise<A>, anew?: boolean) => Promise<A>

/** A larger answer is shared only by those who ask while it is being made. */
const MAX_BODY = 1_000_000
const MAX_KEPT = 200

/** @param ask reads what holds now: its asOf is never older than that of any answer given before it was called */
export function keepAnswers<A extends Kept>(ttlMs: number, clock: Clock): KeepAnswers<A> {
  const entries = new Map<string, Entry<A>>()
  let newest: bigint | null = null

  function fresh(question: string, ask: () => Promise<A>): Entry<A> {
    const entry = { untilMs: clock.now() + ttlMs, answer: ask() }
    entries.delete(question)
    entries.set(question, entry)
    const drop = () => entries.get(question) === entry && entries.delete(question)
    entry.answer.then(({ body }) => body.length > MAX_BODY && drop(), drop)
    for (const [old, { untilMs }] of entries) if (untilMs <= clock.now() || entries.size > MAX_KEPT) entries.delete(old)
    return entry
  }

  return async (question, ask, anew = false) => {
    const told = newest
    for (;;) {
      const kept = entries.get(question)
      const leftMs = (kept?.untilMs ?? 0) - clock.now()
      const usable = !anew && leftMs > 0 && leftMs <= ttlMs ? kept : undefined
      const entry = usable ?? fresh(question, ask)
      const answer = await entry.answer
      if (usable === undefined || answer.past || !isOlder(answer.asOf, told)) {
        if (!answer.past && isOlder(newest, answer.asOf)) newest = answer.asOf
        return answer
      }
      // It was read before something newer was told.
      if (entries.get(question) === entry) entries.delete(question)
    }
  }
}

const isOlder = (a: bigint | null, b: bigint | null) => b !== null && (a === null || a < b)
