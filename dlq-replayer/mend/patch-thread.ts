// The thread that a patch runs in: no environment, bounded memory, and it can be ended at any moment.
import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '@tally/platform/process/errors'
import type { PatchedBytes, PatchLetter } from './patch-letter.ts'

/** @throws Error when the letter holds what cannot leave the thread, such as a function */
const answer = (given: { letter: PatchedBytes | null } | { fault: string }) => parentPort?.postMessage(given)

const bytes = (value: unknown, name: string): Buffer | null => {
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (typeof value === 'string') return Buffer.from(value)
  throw new Error(`${name} is neither bytes nor text nor null`)
}

function readBack(given: unknown): PatchedBytes | null {
  if (given === null) return null
  if (typeof given !== 'object') throw new Error('the patch gives back neither a letter nor null')
  const { key, value, headers, decoded } = given as Record<string, unknown>
  if (typeof headers !== 'object' || headers === null) throw new Error('the patch gives back a letter without headers')
  const read = Object.entries(headers).map(([name, header]) => [name, bytes(header, `header ${name}`)])
  return { key: bytes(key, 'key'), value: bytes(value, 'value'), headers: Object.fromEntries(read), decoded }
}

/** The patch gets copies: what it changes in place counts only when it gives it back. */
function asBuffers(letter: PatchLetter): PatchLetter {
  const headers = Object.fromEntries(Object.entries(letter.headers).map(([name, header]) => [name, bytes(header, name)]))
  return { ...letter, key: bytes(letter.key, 'key'), value: bytes(letter.value, 'value'), headers }
}

const { default: patch } = await import(pathToFileURL(workerData.file).href)
if (typeof patch !== 'function') throw new Error('the file has no function as its default export')
parentPort?.on('message', async (letter: PatchLetter) => {
  try {
    answer({ letter: readBack(await patch(asBuffers(letter))) })
  } catch (error) {
    answer({ fault: messageOf(error) })
  }
})
parentPort?.postMessage('ready')
