// One piece of work at a time: each waits until those asked for before it have ended, well or not.
export function turns() {
  const asked: string[] = []
  let last: Promise<unknown> = Promise.resolve()

  return {
    /** What is at work; undefined when nothing is. */
    underWay: () => asked[0],
    /** @param waiting told what is under way, when there is something to wait for */
    take<T>(what: string, work: () => Promise<T>, waiting: (underWay: string) => void): Promise<T> {
      if (asked[0] !== undefined) waiting(asked[0])
      asked.push(what)
      const turn = last.then(work).finally(() => asked.shift())
      last = turn.catch(() => {})
      return turn
    },
  }
}
