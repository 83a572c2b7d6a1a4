// Looks and shows; changes nothing.
import type { Command, Tools } from './execute-command.ts'
import { exportLetters } from './export-letters.ts'
import { parseFilter } from './filter-words.ts'
import { EXIT } from './outcome.ts'
import type { QueuePlan } from './plan.ts'
import { planJson } from './plan-json.ts'
import { planIdOf, planReplay } from './plan-replay.ts'
import type { PlanView } from './plan-text.ts'
import { planText } from './plan-text.ts'
import { count, number } from './text.ts'

const NOTE_EVERY_MS = 5_000

export type Planned = { plans: QueuePlan[]; selected: number; view: PlanView }

/** Plans by the command's filter, with a line of progress now and then when it takes long. */
export async function makePlan(command: Command, tools: Tools): Promise<Planned> {
  const { dlqs, letters, decode, audit, clock, terminal } = tools
  const now = clock.now()
  const filter = parseFilter(command.filter, now)
  const ledger = await audit.refresh()
  let notedAt = now
  const onProgress = (done: number, total: number) => {
    if (clock.now() - notedAt < NOTE_EVERY_MS) return
    notedAt = clock.now()
    const rate = (done / (notedAt - now)) * 1000
    terminal.note(`looked at ${number(done)} of ${number(total)} letters, ${number(Math.round((total - done) / rate))} s to go`)
  }
  const { plans, registryAway } = await planReplay(dlqs, filter, { letters, ledger, decode, onProgress })
  const selected = plans.reduce((sum, plan) => sum + plan.selected, 0)
  const { filter: words, unmask, name } = command
  return { plans, selected, view: { plans, planId: planIdOf(plans), filter: words, unmask, now, command: name, registryAway } }
}

export async function showPlan(command: Command, tools: Tools): Promise<number> {
  const { selected, view } = await makePlan(command, tools)
  tools.terminal.out(command.json ? JSON.stringify(planJson(view)) : planText(view))
  return selected === 0 ? EXIT.nothingMatched : EXIT.done
}

export async function exportPlan(command: Command, tools: Tools): Promise<number> {
  const { plans, selected } = await makePlan(command, tools)
  const file = command.file ?? ''
  const written = selected === 0 ? 0 : await tools.writeLines(file, exportLetters(plans, tools.letters))
  if (command.json) tools.terminal.out(JSON.stringify({ file, letters: written }))
  else tools.terminal.out(written === 0 ? 'Nothing matched: no file was written.' : `${count(written, 'letter')} written to ${file}.`)
  return written === 0 ? EXIT.nothingMatched : EXIT.done
}
