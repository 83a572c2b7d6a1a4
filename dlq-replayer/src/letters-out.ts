// Letters that went out and have no outcome yet: all that came together while the last ones were settled are settled next.
import type { Keyed } from './letter.ts'
import type { Place } from './positions.ts'

/** `at`: where the replay lies in the topic; not known of one that an earlier attempt sent. */
export type Sent = Keyed & { at?: Place | undefined }

export type LettersOut = {
  /** Adds letters that are out; begins to settle them. */
  add(letters: Sent[]): void
  /** Waits until the number of letters out and their keys are as wanted. @throws what settling threw */
  until(wanted: (letters: number, keys: ReadonlySet<string>) => boolean): Promise<void>
}

/** `settle` is called with one lot at a time; after it threw nothing more is settled. */
export function lettersOut(settle: (letters: Sent[]) => Promise<void>): LettersOut {
  const keys = new Set<string>()
  let waiting: Sent[] = []
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
      for (const { key } of lot) if (key !== undefined) keys.delete(key)
      oneSettled.resolve()
      oneSettled = Promise.withResolvers()
    }
    working = undefined
  }

  return {
    add(letters) {
      waiting.push(...letters)
      for (const { key } of letters) if (key !== undefined) keys.add(key)
      working ??= work()
      working.catch(() => {})
    },
    async until(wanted) {
      while (!wanted(waiting.length + inHand, keys)) await Promise.race([oneSettled.promise, working])
    },
  }
}
