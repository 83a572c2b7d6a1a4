// How many dead letters are still single faults, and from when on the cause must be sought elsewhere. Pure.

export type DlqLimit = {
  /** Notes records that were handled. */
  handled(count: number): void
  /** Notes letters about to be written; undefined, or why they must not be. */
  deadLettered(count: number): string | undefined
}

type Bounds = { dlqWindow: number; dlqShare: number; dlqInARow: number }

/**
 * Allows at most `dlqShare` of the last `dlqWindow` records and `dlqInARow` in a row. The share is of the whole window
 * from the first record on, so that three bad records at the start of a quiet day stop nothing.
 */
export function dlqLimit({ dlqWindow, dlqShare, dlqInARow }: Bounds): DlqLimit {
  /** Runs of equal outcomes, oldest first, together at most `dlqWindow` long. */
  const runs: { dead: boolean; count: number }[] = []
  let length = 0
  let dead = 0
  let inARow = 0

  function note(isDead: boolean, count: number): void {
    const last = runs.at(-1)
    if (last?.dead === isDead) last.count += count
    else runs.push({ dead: isDead, count })
    length += count
    if (isDead) dead += count
    for (let first = runs[0]; first && length > dlqWindow; first = runs[0]) {
      const leaving = Math.min(first.count, length - dlqWindow)
      first.count -= leaving
      length -= leaving
      if (first.dead) dead -= leaving
      if (first.count === 0) runs.shift()
    }
  }

  return {
    handled(count) {
      if (count === 0) return
      inARow = 0
      note(false, count)
    },
    deadLettered(count) {
      inARow += count
      note(true, count)
      if (inARow > dlqInARow) return `${inARow} records in a row cannot be handled (limit ${dlqInARow})`
      const most = Math.floor(dlqWindow * dlqShare)
      return dead > most ? `${dead} of the last ${dlqWindow} records cannot be handled (limit ${most})` : undefined
    },
  }
}
