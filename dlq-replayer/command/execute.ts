// Each form of the command, as one function that returns the exit code.
import type { Clock } from '@tally/platform/process/clock'
import type { FilterWords } from '#letters/filter-words'
import type { Dlq } from '#letters/letter'
import type { Patcher, Patching } from '#mend/patch-letters'
import type { Append } from '#mend/put-letters'
import type { LetterReader, Planning } from '#plan/plan-replay'
import { showHistory } from './show-history.ts'
import { showLetters } from './show-letters.ts'
import { exportPlan } from './show-plan.ts'
import { showStatus, tellRuns } from './show-runs.ts'
import type { Audit } from './start-run.ts'
import { go, settle } from './write-runs.ts'

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

export type Terminal = {
  /** Somebody is there to be asked. */
  interactive: boolean
  out(text: string): void
  /** Progress and refusals: not part of the answer. */
  note(text: string): void
  /** Writes over the last text that was given here; empty: takes it away. Only when interactive. */
  over(text: string): void
  ask(question: string): Promise<string>
  /** Said before the command ends when somebody presses Ctrl-C from now on. */
  onInterrupt(text: string): void
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

/** Does what the command says; HELP needs none of this. */
export async function executeCommand(command: Command & { form: Form }, tools: Tools): Promise<number> {
  switch (command.form) {
    case 'plan':
    case 'parked':
      return showLetters(command, tools)
    case 'unpark':
      return settle('unpark', command, tools)
    case 'history':
      return showHistory(command, tools)
    case 'export':
      return exportPlan(command, tools)
    case 'go':
      return go(command, tools)
    case 'discard':
      return settle('discard', command, tools)
    case 'status':
      return showStatus(command, tools)
    case 'pause':
      return tellRuns('paused', command, tools)
    case 'resume':
      return tellRuns('resumed', command, tools)
    case 'cancel':
      return tellRuns('cancelled', command, tools)
  }
}
