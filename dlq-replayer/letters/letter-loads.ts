// Letters by the load: as many as go out before one waits for what became of them, and no more than fit into memory.
import type { Letter } from './letter.ts'

const MAX_BYTES = 8 * 1024 * 1024

/** Consecutive letters in loads of at most `most()` letters, and of some megabytes. */
export async function* lettersInLoads(letters: AsyncIterable<Letter>, most: () => number): AsyncGenerator<Letter[]> {
  let load: Letter[] = []
  let [room, bytes] = [most(), 0]
  for await (const letter of letters) {
    load.push(letter)
    bytes += letter.value?.length ?? 0
    if (load.length < room && bytes < MAX_BYTES) continue
    yield load
    load = []
    ;[room, bytes] = [most(), 0]
  }
  if (load.length > 0) yield load
}
