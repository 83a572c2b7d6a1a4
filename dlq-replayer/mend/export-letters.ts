// Selected letters as NDJSON.
import { letterLine } from '#letters/letter-line'
import { hasPosition, positionRanges } from '#letters/positions'
import type { QueuePlan } from '#plan/plan'
import type { LetterReader } from '#ports'

/** The lines of all selected letters, in order. */
export async function* exportLetters(plans: QueuePlan[], letters: LetterReader): AsyncGenerator<string> {
  for (const { dlq, selection } of plans) {
    for await (const letter of letters.read(dlq, positionRanges(selection))) {
      if (hasPosition(selection, letter.partition, letter.offset)) yield letterLine(dlq.name, letter)
    }
  }
}
