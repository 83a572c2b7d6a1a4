// What an import would do, as people read it.

import { countPositions } from '#letters/positions'
import { count, number, wrap } from '#letters/text'
import type { ImportedQueue } from '#mend/import-letters'

export function importLines(file: string, queues: ImportedQueue[]): string[] {
  if (queues.length === 0) return [`${file} holds no letters.`]
  return queues.flatMap(({ dlq, letters, missing, open, settled }) => [
    ...wrap(`${file} holds ${count(letters, 'letter')} of ${dlq.name}:`),
    `  ${number(countPositions(open)).padStart(7)}  lie there, open`,
    `  ${number(settled).padStart(7)}  lie there, settled: they stay so`,
    `  ${number(missing.size).padStart(7)}  are not there: GO=1 puts them back, byte for byte`,
  ])
}
