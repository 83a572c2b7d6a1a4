// Each form of the command, as one function that returns the exit code.

import type { Command, Form, Tools } from './command.ts'
import { showHistory } from './show-history.ts'
import { showLetters } from './show-letters.ts'
import { exportPlan } from './show-plan.ts'
import { showStatus, tellRuns } from './show-runs.ts'
import { go, settle } from './write-runs.ts'

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
