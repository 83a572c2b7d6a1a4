// Each form of the command, as one function that returns the exit code.
import type { Clock } from '@tally/platform/clock'
import type { FilterWords } from './filter-words.ts'
import type { Dlq } from './letter.ts'
import type { LetterReader, Planning } from './plan-replay.ts'
import { exportPlan, showPlan } from './show-plan.ts'
import { showStatus, tellRuns } from './show-runs.ts'
import type { Audit } from './start-run.ts'
import { discard, go } from './write-runs.ts'

export type Form = 'status' | 'pause' | 'resume' | 'cancel' | 'discard' | 'export' | 'go' | 'plan'

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
  ask(question: string): Promise<string>
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
}

/** Does what the command says; HELP needs none of this. */
export async function executeCommand(command: Command & { form: Form }, tools: Tools): Promise<number> {
  switch (command.form) {
    case 'plan':
      return showPlan(command, tools)
    case 'export':
      return exportPlan(command, tools)
    case 'go':
      return go(command, tools)
    case 'discard':
      return discard(command, tools)
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
