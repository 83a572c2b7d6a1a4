// Letters that went out and have no outcome yet: all that came together while the last ones were settled are settled next.
import type { Keyed } from '#letters/letter'
import type { Place } from '#letters/positions'

/** `at`: where the replay lies in the topic. */
export type Sent = Keyed & { at: Place }

export type LettersOut = {
  /** How many are out. */
  size(): number
  /** Adds letters that are out; begins to settle them. */
  add(letters: Sent[]): void
  /** @throws what settling threw: letters that go out from then on would have no brake, for no outcome of them is known */
  check(): void
  /** Waits until the number of letters out and their keys are as wanted. @throws like `check` */
  until(wanted: (letters: number, keys: ReadonlySet<string>) => boolean): Promise<void>
}

/** `settle` is called with one lot at a time; after it threw nothing more is settled. */
export function lettersOut(settle: (letters: Sent[]) => Promise<void>): LettersOut {
  const keys = new Set<string>()
  let waiting: Sent[] = []
  let inHand = 0
  let working = false
  let fault: { error: unknown } | undefined
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
    working = false
  }

  function check(): void {
    if (fault) throw fault.error
  }

  const size = () => waiting.length + inHand

  return {
    size,
    add(letters) {
      waiting.push(...letters)
      for (const { key } of letters) if (key !== undefined) keys.add(key)
      if (working) return
      working = true
      work().catch((error: unknown) => {
        fault = { error }
        oneSettled.resolve()
      })
    },
    check,
    async until(wanted) {
      for (check(); !wanted(size(), keys); check()) await oneSettled.promise
    },
  }
}
