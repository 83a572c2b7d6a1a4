// Says what is being done on standard error, and that it is still being done.
const EVERY_MS = 10_000

/** One line when it begins, a sign of life now and then, one when it is done. */
export async function saying<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const seconds = () => ((performance.now() - start) / 1_000).toFixed(0)
  say(`${what} …`)
  const alive = setInterval(() => say(`  still ${what} (${seconds()} s)`), EVERY_MS)
  try {
    const result = await work()
    say(`  done in ${seconds()} s`)
    return result
  } finally {
    clearInterval(alive)
  }
}

export const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}
