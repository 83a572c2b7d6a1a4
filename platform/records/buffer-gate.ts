// Back-pressure: while more records than a bound are handed out and not done, nothing more is fetched.

export type BufferGate = {
  /** So many records are handed out now. */
  took(count: number): void
  /** So many of them are done with. */
  done(count: number): void
  isShut(): boolean
}

/** @param turned told when it shuts and when it opens */
export function bufferGate(maxBuffered: number, turned: (shut: boolean) => void): BufferGate {
  let buffered = 0
  let shut = false
  function add(count: number): void {
    buffered += count
    if (shut === buffered > maxBuffered) return
    shut = !shut
    turned(shut)
  }
  return { took: add, done: (count) => add(-count), isShut: () => shut }
}
