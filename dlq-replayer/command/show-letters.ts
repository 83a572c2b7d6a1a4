// The command without GO: what is there, what a file or a patch would make of it, and the next command.

import { EXIT } from '#ledger/outcome'
import type { Command, Tools } from './command.ts'
import { planJson } from './plan-json.ts'
import { nextCommand, planText } from './plan-text.ts'
import { prepareLetters } from './prepare-letters.ts'

/** Looks and shows; changes nothing. */
export async function showLetters(command: Command, tools: Tools): Promise<number> {
  const { planned, letters, lines, json, words, close } = await prepareLetters(command, tools)
  await close()
  const own = Object.keys(words).length > 0
  if (command.json) tools.terminal.out(JSON.stringify({ ...(planJson(planned.view) as object), ...json }))
  else if (!own) tools.terminal.out(planText(planned.view))
  else tools.terminal.out([...lines, '', ...nextCommand(planned.view, words, letters)].join('\n'))
  return letters === 0 ? EXIT.nothingMatched : EXIT.done
}
