// Selected letters as NDJSON.
import { letterLine } from './letter-line.ts'
import type { QueuePlan } from './plan.ts'
import type { LetterReader } from './plan-replay.ts'
import { hasPosition, positionRanges } from './positions.ts'

/** The lines of all selected letters, in order. */
export async function* exportLetters(plans: QueuePlan[], letters: LetterReader): AsyncGenerator<string> {
  for (const { dlq, selection } of plans) {
    for await (const letter of letters.read(dlq, positionRanges(selection))) {
      if (hasPosition(selection, letter.partition, letter.offset)) yield letterLine(dlq.name, letter)
    }
  }
}
