// After a process that died: its successor handles the first records of each partition as if one of them were to blame.

import { StopProcess } from '#process/errors'
import type { Log } from '#process/log'
import type { LogRecord, RecordBatch } from '#records/record-log'
import { type CrashMark, type CrashMarks, inHandOf, isAlone, isPast, partsOf, suspectOf } from './crash-marks.ts'
import type { Fault } from './settle-records.ts'

/** So many deaths in a row with nothing else in hand are the record's doing. */
const DEATHS = 2
/** More records than this in a row do not each end the process: something else does. */
const LETTERS_IN_A_ROW = 3

type Settle = (records: LogRecord[], poison?: Fault) => Promise<void>

export type Caution = {
  /**
   * Settles the batch: at once, or after a death in parts that are marked before, one partition after the other; a
   * record that has ended the process often enough is settled as poison. @throws whatever `settle` throws, StopProcess
   */
  work(batch: RecordBatch, settle: Settle): Promise<void>
  /** Nothing is in hand any more. */
  close(): void
}

/** Without marks, or when the previous process stopped in order, nothing is marked. */
export function cautionOf({ marks, group, log }: { marks: CrashMarks | undefined; group: string; log: Log }): Caution {
  const left = marks?.read()
  let suspect = left && suspectOf(left)
  let letters = left?.letters ?? 0
  const done = new Set<string>()
  let turn: Promise<unknown> = Promise.resolve()
  const mark = (inHand?: CrashMark['inHand']) => marks?.write({ inHand, suspect, letters })
  if (left) log.warn({ group, suspect: suspect && textOf(suspect) }, 'the last process did not stop in order: going on with caution')
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

  async function inParts(batch: RecordBatch, settle: Settle): Promise<void> {
    for (const part of partsOf(batch.records, suspect)) await settlePart(part, settle)
    if (suspect?.topic !== batch.topic || suspect.partition !== batch.partition) done.add(keyOf(batch))
  }

  return {
    work(batch, settle) {
      if (left === undefined || batch.records.length === 0 || done.has(keyOf(batch))) return settle(batch.records)
      const working = turn.then(() => inParts(batch, settle))
      turn = working.catch(() => {})
      return working
    },
    close() {
      if (suspect) mark()
      else marks?.clear()
    },
  }
}

const keyOf = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`

const textOf = ({ topic, partition, from, next, deaths }: NonNullable<CrashMark['suspect']>) =>
  `${topic}/${partition} offsets ${from} to ${next - 1n}, in hand at ${deaths} deaths in a row`

const notTheRecords = (group: string, letters: number, where: string) =>
  `${group}: ${letters} records in a row were dead-lettered because the process died over each, and it dies over the next one too. That is no single bad record: see how the last process ended (out of memory? killed by a person?). Nothing more was dead-lettered. Mend it, delete ${where} and start again.`
