// Looks and shows; changes nothing.

import { EXIT } from '#ledger/outcome'
import { parseFilter } from '#letters/filter-words'
import type { Positions } from '#letters/positions'
import { age, count } from '#letters/text'
import { exportLetters } from '#mend/export-letters'
import type { QueuePlan } from '#plan/plan'
import { digestOf, PLAN_HOURS, type PlanId, parsePlanId, planIdText } from '#plan/plan-id'
import { planReplay } from '#plan/plan-replay'
import type { Command, Tools } from './command.ts'
import type { PlanView } from './plan-text.ts'
import { progressOf } from './progress.ts'
import { noQueueLines } from './queues-text.ts'
import { paceWords } from './words.ts'

export type Planned = { plans: QueuePlan[]; selected: number; view: PlanView }

/** Plans by the command's filter; with PLAN as of then. @throws Error when that plan is of no use any more */
export async function makePlan(command: Command, tools: Tools, only?: Map<string, Positions>): Promise<Planned> {
  const { dlqs, letters, decode, audit, clock, terminal } = tools
  const now = clock.now()
  const given = command.planId === undefined ? undefined : parsePlanId(command.planId)
  if (given !== undefined && now - given.at > PLAN_HOURS * 3_600_000) {
    throw refusal(
      `plan ${command.planId} was made ${age(now - given.at)} ago, and holds for ${PLAN_HOURS} hours. Look again: ${command.name}`,
    )
  }
  const filter = parseFilter(command.filter, given?.at ?? now)
  const noQueue = noQueueLines(filter, dlqs)
  if (!showsText(command)) for (const line of noQueue) terminal.note(line)
  const ledger = await audit.refresh()
  const parked = command.form === 'parked' || command.form === 'unpark'
  const progress = progressOf('letters', terminal, clock)
  const planning = { letters, ledger, decode, parked, onProgress: progress.show, ...(given && { ends: given.ends }), ...(only && { only }) }
  const { plans, registryAway } = await planReplay(dlqs, filter, planning).finally(progress.end)
  mustBeTrue(given, plans, command)
  const selected = plans.reduce((sum, plan) => sum + plan.selected, 0)
  const { filter: words, unmask, name } = command
  const planId = planIdText(plans, given?.at ?? now)
  return {
    plans,
    selected,
    view: { plans, planId, filter: words, pace: paceWords(command), unmask, now, command: name, registryAway, parked, noQueue },
  }
}

/** Whether the plan's own text is the answer. */
const showsText = ({ form, json, patchFile }: Command) => (form === 'plan' || form === 'parked') && !json && patchFile === undefined

function mustBeTrue(given: PlanId | undefined, plans: QueuePlan[], { planId, name }: Command): void {
  if (given === undefined || digestOf(plans) === given.digest) return
  throw refusal(`plan ${planId} is no longer true: some of its letters were settled, or the filter is another. Look again: ${name}`)
}

/** Said as it is; the exit code tells scripts. */
const refusal = (why: string) => Object.assign(new Error(`Refused, nothing was changed: ${why}`), { exitCode: EXIT.refused })

export async function exportPlan(command: Command, tools: Tools): Promise<number> {
  const { plans, selected } = await makePlan(command, tools)
  const file = command.file ?? ''
  const written = selected === 0 ? 0 : await tools.writeLines(file, exportLetters(plans, tools.letters))
  if (command.json) tools.terminal.out(JSON.stringify({ file, letters: written }))
  else tools.terminal.out(written === 0 ? 'Nothing matched: no file was written.' : `${count(written, 'letter')} written to ${file}.`)
  return written === 0 ? EXIT.nothingMatched : EXIT.done
}
