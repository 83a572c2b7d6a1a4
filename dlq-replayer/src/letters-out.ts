// Letters that went out and have no outcome yet: all that came together while the last ones were settled are settled next.
import type { Letter } from './letter.ts'
import { keyMark } from './letter.ts'

export type LettersOut = {
  /** Adds letters that are out; begins to settle them. */
  add(letters: Letter[]): void
  /** Waits until the number of letters out and their keys are as wanted. @throws what settling threw */
  until(wanted: (letters: number, keys: ReadonlySet<string>) => boolean): Promise<void>
}

/** `settle` is called with one lot at a time; after it threw nothing more is settled. */
export function lettersOut(settle: (letters: Letter[]) => Promise<void>): LettersOut {
  const keys = new Set<string>()
  let waiting: Letter[] = []
  let inHand = 0
  let working: Promise<void> | undefined
  let oneSettled = Promise.withResolvers<void>()

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const lot = waiting
      waiting = []
      inHand = lot.length
      await settle(lot)
      inHand = 0
      for (const { key } of lot) keys.delete(keyMark(key) ?? '')
      oneSettled.resolve()
      oneSettled = Promise.withResolvers()
    }
    working = undefined
  }

  return {
    add(letters) {
      waiting.push(...letters)
      for (const { key } of letters) if (key !== null) keys.add(keyMark(key) ?? '')
      working ??= work()
      working.catch(() => {})
    },
    async until(wanted) {
      while (!wanted(waiting.length + inHand, keys)) await Promise.race([oneSettled.promise, working])
    },
  }
}
