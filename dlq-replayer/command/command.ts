// What one call of the command asks for, and what it works with.
import type { Clock } from '@tally/platform/process/clock'
import type { FilterWords } from '#letters/filter-words'
import type { Dlq } from '#letters/letter'
import type { Patcher, Patching } from '#mend/patch-letters'
import type { Append } from '#mend/put-letters'
import type { Planning } from '#plan/plan-replay'
import type { Audit, LetterReader, Terminal } from '#ports'

export type Form = 'parked' | 'unpark' | 'history' | 'status' | 'pause' | 'resume' | 'cancel' | 'discard' | 'export' | 'go' | 'plan'

export type Command = {
  form: Form | 'help'
  filter: FilterWords
  who: string
  why: string | undefined
  /** RUN: the one run meant. */
  run: string | undefined
  /** PLAN: the plan that must still be true. */
  planId: string | undefined
  /** EXPORT: where to. */
  file: string | undefined
  /** IMPORT: the letters of this file are meant. */
  importFile: string | undefined
  /** PATCH: the file whose function mends the letters. */
  patchFile: string | undefined
  /** Letters a second; 0: as fast as the group keeps up. */
  rate: number
  canary: number
  yes: boolean
  json: boolean
  unmask: boolean
  /** What a command line starts with in texts. */
  name: string
}

export type Tools = {
  dlqs: Dlq[]
  letters: LetterReader
  decode: Planning['decode']
  audit: Audit
  clock: Clock
  terminal: Terminal
  /** Writes lines to a file that must not exist yet; how many. */
  writeLines(file: string, lines: AsyncIterable<string>): Promise<number>
  readLines(file: string): AsyncIterable<string>
  append: Append
  /** Framed bytes of a value of the topic. @throws Error when it does not fit the schema */
  encode: Patching['encode']
  openPatch(file: string): Promise<Patcher>
}
