// Selected letters as NDJSON: original bytes and headers in base64, so that nothing is lost or changed.
import type { Letter } from './letter.ts'
import type { QueuePlan } from './plan.ts'
import type { LetterReader } from './plan-replay.ts'
import { hasPosition, positionRanges } from './positions.ts'

const base64 = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null

/** One line per letter, without the line end. */
export function letterLine(
  dlq: string,
  { record, original, group, reason, exception, message, attempts, replays, failedAt }: Letter,
): string {
  const { partition, offset, key, value, headers } = record
  return JSON.stringify({
    dlq,
    partition,
    offset: String(offset),
    original: { ...original, offset: String(original.offset) },
    group,
    reason,
    exception,
    message,
    attempts,
    replays,
    failedAt: new Date(failedAt).toISOString(),
    key: base64(key),
    value: base64(value),
    headers: Object.fromEntries(Object.entries(headers).map(([name, bytes]) => [name, base64(bytes)])),
  })
}

/** The lines of all selected letters, in order. */
export async function* exportLetters(plans: QueuePlan[], letters: LetterReader): AsyncGenerator<string> {
  for (const { dlq, selection } of plans) {
    for await (const letter of letters.read(dlq, positionRanges(selection))) {
      if (hasPosition(selection, letter.partition, letter.offset)) yield letterLine(dlq.name, letter)
    }
  }
}
