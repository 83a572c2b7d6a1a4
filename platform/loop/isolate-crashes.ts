// After a process that crashed, its successor settles the first records of each partition in small parts, to isolate the one that crashes.
import { StopProcess } from '#process/errors'
import type { Log } from '#process/log'
import type { LogRecord } from '#records/record-log'
import type { Settle } from './bisect.ts'
import { type CrashMark, type CrashMarks, inHandOf, isAlone, isPast, partsOf, suspectOf } from './crash-marks.ts'
import type { Partition } from './partition.ts'

/** So many deaths in a row with nothing else in hand are the record's doing. */
const DEATHS = 2
/** More records than this in a row do not each end the process: something else does. */
const LETTERS_IN_A_ROW = 3

export type CrashIsolation = {
  /**
   * Settles the records: at once, or after a crash in parts that are marked before, one partition after the other; a
   * record that has ended the process often enough is settled as poison. @throws whatever `settle` throws, StopProcess
   */
  isolate(partition: Partition, records: LogRecord[], settle: Settle): Promise<void>
  /** Nothing is in hand any more. */
  close(): void
}

/** Without marks, or when the previous process stopped in order, nothing is marked. */
export function crashIsolation({ marks, group, log }: { marks: CrashMarks | undefined; group: string; log: Log }): CrashIsolation {
  const left = marks?.read()
  let suspect = left && suspectOf(left)
  let letters = left?.letters ?? 0
  let turn: Promise<unknown> = Promise.resolve()
  const mark = (inHand?: CrashMark['inHand']) => marks?.write({ inHand, suspect, letters })
  if (left) log.warn({ group, suspect: suspect && textOf(suspect) }, CRASHED)
  mark()

  async function settlePart(records: LogRecord[], settle: Settle): Promise<void> {
    const inHand = inHandOf(records)
    if (isAlone(suspect, inHand) && suspect.deaths >= DEATHS) {
      if (letters >= LETTERS_IN_A_ROW) throw new StopProcess(notTheRecords(group, letters, marks?.where ?? ''))
      const error = new Error(`the process died ${suspect.deaths} times in a row with nothing but this record in hand`)
      await settle(records, { reason: 'crashed', error, attempts: suspect.deaths })
      letters += 1
    } else {
      mark(inHand)
      await settle(records).finally(mark)
      letters = 0
    }
    if (suspect && isPast(suspect, inHand)) suspect = undefined
    mark()
  }

  async function inParts(partition: Partition, records: LogRecord[], settle: Settle): Promise<void> {
    for (const part of partsOf(records, suspect)) await settlePart(part, settle)
    if (suspect?.topic !== partition.topic || suspect.partition !== partition.partition) partition.isIsolated = true
  }

  return {
    isolate(partition, records, settle) {
      if (left === undefined || records.length === 0 || partition.isIsolated) return settle(records)
      const working = turn.then(() => inParts(partition, records, settle))
      turn = working.catch(() => {})
      return working
    },
    close() {
      if (suspect) mark()
      else marks?.clear()
    },
  }
}

const CRASHED =
  'the previous process crashed or was killed: the records that it had in hand are processed in small batches, to isolate one that crashes'

const textOf = ({ topic, partition, from, next, deaths }: NonNullable<CrashMark['suspect']>) =>
  `${topic}/${partition} offsets ${from} to ${next - 1n}, in hand at ${deaths} crashes in a row`

const notTheRecords = (group: string, letters: number, where: string) =>
  `${group}: ${letters} records in a row were dead-lettered because the process died over each, and it dies over the next one too. That is no single bad record: see how the last process ended (out of memory? killed by a person?). Nothing more was dead-lettered. Fix that, delete ${where} and start again.`
