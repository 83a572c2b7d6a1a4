// Letters from a file that EXPORT wrote: those that lie in their queue are found there, the others are put back into it.

import { messageOf } from '@tally/platform/process/errors'
import { noNumberIn } from '@tally/platform/records/dead-letter'
import type { NewRecord } from '@tally/platform/records/record-log'
import type { Ledger } from '#ledger/ledger'
import { queueOf } from '#ledger/ledger'
import type { Dlq } from '#letters/letter'
import { recordDigest } from '#letters/letter-digest'
import { parseLetterLine } from '#letters/letter-line'
import type { Positions } from '#letters/positions'
import { addPositions, addRanges, hasPosition, positionRanges, positionsOf } from '#letters/positions'
import type { LetterReader } from '#ports'
import { type Append, inLots, placesOf, putLetters } from './put-letters.ts'

export type ImportedQueue = {
  dlq: Dlq
  /** Lines, equal ones counted once. */
  letters: number
  /** Digests of those that are not in the queue. */
  missing: Set<string>
  /** Those that are in the queue and open, and how many are settled. */
  open: Positions
  settled: number
}

const LOT = 500

/** Looks only. @throws Error naming the first line that is no letter, or of a queue nobody knows here */
export async function lookAtImport(
  lines: AsyncIterable<string>,
  dlqs: Dlq[],
  { letters, ledger }: { letters: LetterReader; ledger: Ledger },
): Promise<ImportedQueue[]> {
  const wanted = new Map<Dlq, Set<string>>()
  for await (const { dlq, digest } of readImport(lines, dlqs)) {
    const digests = wanted.get(dlq) ?? new Set()
    wanted.set(dlq, digests.add(digest))
  }
  const queues: ImportedQueue[] = []
  for (const [dlq, digests] of wanted) {
    const places = await placesOf(dlq, digests, letters)
    const { final } = queueOf(ledger, dlq.name)
    const open: Positions = new Map()
    let settled = 0
    for (const { partition, offset } of places.values()) {
      if (hasPosition(final, partition, offset)) settled += 1
      else addPositions(open, partition, offset)
    }
    queues.push({ dlq, letters: digests.size, missing: new Set([...digests].filter((digest) => !places.has(digest))), open, settled })
  }
  return queues
}

/** Puts the missing ones back, reading the file again; returns what of the import is open then. */
export async function putImport(
  lines: AsyncIterable<string>,
  { dlq, missing, open }: ImportedQueue,
  dlqs: Dlq[],
  { letters, append }: { letters: LetterReader; append: Append },
): Promise<Positions> {
  const left = new Set(missing)
  const missingLines = async function* () {
    for await (const line of readImport(lines, dlqs)) if (line.dlq === dlq && left.delete(line.digest)) yield line
  }
  const all = positionsOf(positionRanges(open))
  if (missing.size === 0) return all
  addRanges(all, positionRanges(await putLetters(dlq, inLots(missingLines(), LOT), { letters, append })))
  return all
}

async function* readImport(lines: AsyncIterable<string>, dlqs: Dlq[]): AsyncGenerator<{ dlq: Dlq; record: NewRecord; digest: string }> {
  let number = 0
  for await (const line of lines) {
    number += 1
    if (line === '') continue
    try {
      const { dlq: name, record } = parseLetterLine(line)
      const dlq = dlqs.find((each) => each.name === name)
      if (dlq === undefined) throw new Error(`is of ${name}, which is none of ${dlqs.map((each) => each.name).join(', ')}`)
      const wrong = noNumberIn({ headers: record.headers ?? {} })
      if (wrong !== undefined) throw new Error(`headers.${wrong} is not a whole number: mend the line, or take it out`)
      yield { dlq, record, digest: recordDigest(record) }
    } catch (error) {
      throw new Error(`Line ${number} ${messageOf(error)}. Nothing was changed.`)
    }
  }
}
