// A patch file in a thread of its own: one letter at a time, each within its time, else the thread is ended.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { messageOf } from '@tally/platform/process/errors'
import type { PatchedBytes } from './patch-letter.ts'
import type { Patcher } from './patch-letters.ts'

const LETTER_MS = 1_000
const LOAD_MS = 10_000
const MEMORY_MB = 256

/** Loads the patch. @throws Error when the file cannot be read or run */
export async function openPatch(file: string, letterMs = LETTER_MS): Promise<Patcher> {
  const path = resolve(file)
  const digest = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
    .slice(0, 16)
  const worker = new Worker(new URL('./patch-thread.ts', import.meta.url), {
    workerData: { file: path },
    env: {},
    stdin: false,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  })
  // From the start to the end: a promise that the patch does not await may be rejected between two letters, and an error that
  // nobody listens to would end this process.
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => {})
  let loaded = false
  worker.on('error', (error) => ended.reject(loaded ? unawaited(error) : error))
  worker.on('exit', () => ended.reject(new Error('it ended its thread')))
  /** The next message, what ended the thread by now, or the end of its time. */
  async function answer(ms: number, what: string): Promise<unknown> {
    const late = new AbortController()
    // Once more round the loop: after a pause of this process its answer may be there and not read yet.
    const timer = setTimeout(() => setImmediate(() => late.abort()), ms)
    try {
      const [message] = await Promise.race([ended.promise, once(worker, 'message', { signal: late.signal })])
      return message
    } catch (error) {
      if (!late.signal.aborted) throw error
      throw new Error(`${what} took longer than ${ms / 1000} s, and was ended`)
    } finally {
      clearTimeout(timer)
      late.abort()
    }
  }
  const close = async () => void (await worker.terminate())
  try {
    await answer(LOAD_MS, 'loading it')
    loaded = true
  } catch (error) {
    await close()
    throw new Error(`PATCH=${file}: ${messageOf(error)}`)
  }
  return {
    digest,
    async apply(letter) {
      worker.postMessage(letter)
      try {
        const said = (await answer(letterMs, 'it')) as { fault: string } | { letter: PatchedBytes | null }
        if ('fault' in said) throw new Error(said.fault)
        return said.letter === null ? null : asBuffers(said.letter)
      } catch (error) {
        await close()
        throw error
      }
    },
    close,
  }
}

/** What it throws at a letter is an answer: only what runs beside that ends the thread, and too much memory. */
function unawaited(error: unknown): unknown {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') return error
  return new Error(`it failed in something it did not await, maybe at an earlier letter: ${messageOf(error)}`)
}

/** Bytes lose their Buffer between threads. */
function asBuffers({ key, value, headers, decoded }: PatchedBytes): PatchedBytes {
  const bytes = (given: Uint8Array | null) => (given === null ? null : Buffer.from(given))
  return {
    key: bytes(key),
    value: bytes(value),
    headers: Object.fromEntries(Object.entries(headers).map(([name, each]) => [name, bytes(each)])),
    decoded,
  }
}
