// Letters mended by a patch: each changed one becomes a new letter in the same queue, and the old one is settled as patched.
import { messageOf } from '@tally/platform/process/errors'
import type { NewRecord } from '@tally/platform/records/record-log'
import { rangesBetween } from '#ledger/entry'
import type { Letter } from '#letters/letter'
import { recordDigest } from '#letters/letter-digest'
import { hasPosition, type Place, positionRanges } from '#letters/positions'
import type { QueuePlan } from '#plan/plan'
import type { LetterReader } from '#ports'
import { changesOf, diffLines, type PatchedBytes, type PatchLetter, patchLetterOf } from './patch-letter.ts'

export type Patcher = {
  /** Of the file's bytes. */
  digest: string
  /** Null: leave the letter out. @throws Error when the patch throws, takes too long, or gives back no letter */
  apply(letter: PatchLetter): Promise<PatchedBytes | null>
  close(): Promise<void>
}

export type Patching = {
  letters: LetterReader
  patcher: Patcher
  decode(topic: string, value: Buffer | null): Promise<unknown>
  /** Framed bytes of a value of the topic. @throws Error when it does not fit the schema */
  encode(topic: string, value: unknown): Promise<Buffer>
}

export type Mended = { letter: Letter; record: NewRecord; diff: string[] }
export type PatchResult = { kind: 'changed'; mended: Mended } | { kind: 'same'; letter: Letter } | { kind: 'left-out'; letter: Letter }

const PATCH_HEADERS = { from: 'dlq.patched-from', patch: 'dlq.patch' }

/** Applies the patch to every selected letter. @throws Error naming the letter it could not be applied to */
export async function* patchedLetters({ dlq, selection }: QueuePlan, patching: Patching, unmask = false): AsyncGenerator<PatchResult> {
  for await (const letter of patching.letters.read(dlq, positionRanges(selection))) {
    if (!hasPosition(selection, letter.partition, letter.offset)) continue
    try {
      yield await patchOne(letter, patching, unmask)
    } catch (error) {
      const why = messageOf(error)
      throw new Error(`Nothing was changed. The patch failed at letter ${letter.partition}/${letter.offset} of ${dlq.name}: ${why}`)
    }
  }
}

async function patchOne(letter: Letter, { patcher, decode, encode }: Patching, unmask: boolean): Promise<PatchResult> {
  const before = patchLetterOf(letter, await decode(letter.original.topic, letter.value))
  const after = await patcher.apply(before)
  if (after === null) return { kind: 'left-out', letter }
  const changes = changesOf(before, after)
  if (!changes.key && !changes.value && !changes.decoded && changes.headers.length === 0) return { kind: 'same', letter }
  const value = changes.decoded ? await encode(letter.original.topic, after.decoded) : after.value
  const mine = Object.entries(letter.record.headers).filter(([name]) => name.startsWith('dlq.'))
  const headers = {
    ...after.headers,
    ...Object.fromEntries(mine),
    [PATCH_HEADERS.from]: Buffer.from(`${letter.partition}/${letter.offset}`),
    [PATCH_HEADERS.patch]: Buffer.from(patcher.digest),
  }
  const { repeatedHeaders } = letter.record
  const record = {
    key: after.key,
    value,
    headers,
    ...(repeatedHeaders && { repeatedHeaders: untouched(repeatedHeaders, changes.headers) }),
  }
  return { kind: 'changed', mended: { letter, record, diff: diffLines(letter, before, after, unmask) } }
}

const untouched = <T>(repeated: Record<string, T>, changed: string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(repeated).filter(([name]) => !changed.includes(name)))

/** Letters that an earlier, broken-off use of the same patch put into the queue already: digest and place, for a letter holds on to all that was fetched with it. */
export async function earlierMended({ dlq, ends }: QueuePlan, { letters, patcher }: Patching): Promise<Map<string, Place>> {
  const found = new Map<string, Place>()
  for await (const { record, partition, offset } of letters.read(dlq, rangesBetween(new Map(), ends))) {
    const patch = record.headers[PATCH_HEADERS.patch]?.toString()
    if (patch === patcher.digest) found.set(recordDigest(record), { partition, offset })
  }
  return found
}
