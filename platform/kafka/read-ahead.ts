// Work on what was fetched ahead: in order within a lane, lanes side by side, the next fetch while the last one is worked on.

export type ReadAhead = {
  /** Queues the work behind the lane's; `settled` resolves once it has run. @param size records that wait with it */
  add(lane: string, size: number, work: () => Promise<void>): { settled: Promise<void> }
  /** Resolves when no more records wait than the bound. */
  room(): Promise<void>
  /** Resolves when nothing waits. */
  idle(): Promise<void>
}

/** @param bound records that may wait or be worked on while the next are fetched */
export function readAhead(bound: number): ReadAhead {
  const lanes = new Map<string, Promise<void>>()
  let waiting = 0
  let changed = Promise.withResolvers<void>()

  async function until(reached: () => boolean): Promise<void> {
    while (!reached()) await changed.promise
  }

  return {
    add(lane, size, work) {
      waiting += size
      const settled = (lanes.get(lane) ?? Promise.resolve()).then(work).finally(() => {
        waiting -= size
        if (lanes.get(lane) === last) lanes.delete(lane)
        changed.resolve()
        changed = Promise.withResolvers()
      })
      // A fault is told to whoever awaits `settled`; the lane goes on.
      const last = settled.catch(() => {})
      lanes.set(lane, last)
      return { settled }
    },
    room: () => until(() => waiting <= bound),
    idle: () => until(() => lanes.size === 0),
  }
}
