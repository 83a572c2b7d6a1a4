// GO and DISCARD: the forms that write. A refusal says what is missing and changes nothing.
import { discardLetters } from './discard-letters.ts'
import type { Command, Tools } from './execute-command.ts'
import { followRuns } from './follow-runs.ts'
import type { Run } from './ledger.ts'
import { openRuns } from './ledger.ts'
import type { Action } from './ledger-entry.ts'
import { EXIT, exitCodeOf } from './outcome.ts'
import type { QueuePlan } from './plan.ts'
import { planText } from './plan-text.ts'
import { progressLine, runJson, summaryText } from './run-text.ts'
import type { Planned } from './show-plan.ts'
import { makePlan } from './show-plan.ts'
import type { Request } from './start-run.ts'
import { startRun } from './start-run.ts'
import { count } from './text.ts'

const SILENCE_MS = 20_000
const UNASKED_LETTERS = 10
const COUNT_TYPED_ABOVE = 100

/** Replays what the filter selects now, and follows until every letter has an outcome. */
export async function go(command: Command, tools: Tools): Promise<number> {
  const { terminal, audit, clock } = tools
  const started = await write('replay', command, tools, (plan, request) => startRun(plan, request, audit, clock))
  if ('exitCode' in started) return started.exitCode
  for (const { id, letters, dlq } of started.runs) {
    terminal.note(`Run ${id}: ${count(letters, 'letter')} of ${dlq}.`)
  }
  terminal.note(`Ctrl-C leaves it going; ${command.name} STATUS=1 shows it.`)
  const ids = started.runs.map(({ id }) => id)
  const runs = await followRuns(ids, audit, clock, {
    onChange: (run) => terminal.note(progressLine(run, clock.now())),
    onSilence: () => terminal.note('Nothing happened for a while. Do the dlq-replayer and the group run? See: make status'),
    silenceMs: SILENCE_MS,
  })
  return summarize(runs, command, tools)
}

/** Discards what the filter selects now. */
export async function discard(command: Command, tools: Tools): Promise<number> {
  const { audit, clock } = tools
  const started = await write('discard', command, tools, (plan, request) => discardLetters(plan, request, audit, clock))
  if ('exitCode' in started) return started.exitCode
  const { runs } = await audit.refresh()
  return summarize(
    started.runs.flatMap(({ id }) => runs.get(id) ?? []),
    command,
    tools,
  )
}

function summarize(runs: Run[], command: Command, { terminal }: Tools): number {
  if (command.json) terminal.out(JSON.stringify({ runs: runs.map(runJson) }))
  else terminal.out(runs.map((run) => summaryText(run, command.name)).join('\n\n'))
  const codes = runs.map((run) => exitCodeOf(run.how ?? '', run.tally))
  return codes.includes(EXIT.failedAgain) ? EXIT.failedAgain : (codes.find((code) => code !== EXIT.done) ?? EXIT.done)
}

type Refusal = { exitCode: number }
type Begin = (plan: QueuePlan, request: Request) => ReturnType<typeof startRun>

/** Plans, asks, and begins a run on each queue with something selected. */
async function write(
  action: Action,
  command: Command,
  tools: Tools,
  begin: Begin,
): Promise<Refusal | { runs: Awaited<ReturnType<Begin>>[] }> {
  const { terminal } = tools
  const refuse = (why: string): Refusal => {
    terminal.note(`Refused, nothing was changed: ${why}`)
    return { exitCode: EXIT.refused }
  }
  const { why, who, rate, canary, name } = command
  if (why === undefined) return refuse(`say why, it is kept in the audit: WHY="what was ${action === 'replay' ? 'mended' : 'decided'}"`)
  const planned = await makePlan(command, tools)
  if (planned.selected === 0) {
    terminal.out(command.json ? JSON.stringify({ runs: [] }) : `Nothing matched, nothing was changed. What there is: ${name}`)
    return { exitCode: EXIT.nothingMatched }
  }
  if (command.planId !== undefined && command.planId !== planned.view.planId) {
    return refuse(`plan ${command.planId} is no longer true, it is ${planned.view.planId} now. Look again: ${name}`)
  }
  const plans = planned.plans.filter(({ selected }) => selected > 0)
  const open = openRuns(await tools.audit.refresh()).find(({ dlq }) => plans.some((plan) => plan.dlq.name === dlq))
  if (open !== undefined) return refuse(`run ${open.id} is open on ${open.dlq}. See: ${name} STATUS=1`)
  const unconfirmed = await confirm(action, planned, command, tools)
  if (unconfirmed !== undefined) return refuse(unconfirmed)
  const request: Request = { action, who, why, filter: command.filter, rate, canary }
  const runs = []
  for (const plan of plans) {
    const run = await begin(plan, request)
    if (run.refusedBy !== undefined) return refuse(`run ${run.refusedBy} was first on ${run.dlq}. See: ${name} STATUS=1`)
    runs.push(run)
  }
  return { runs }
}

/** Undefined: go. Else why not. */
async function confirm(
  action: Action,
  { selected, view }: Planned,
  { yes, json }: Command,
  { terminal }: Tools,
): Promise<string | undefined> {
  if (yes || (action === 'replay' && selected <= UNASKED_LETTERS)) return undefined
  if (!terminal.interactive) return `${count(selected, 'letter')}, and no terminal to confirm at: add YES=1`
  if (!json) terminal.note(planText(view))
  const wanted = action === 'discard' || selected > COUNT_TYPED_ABOVE ? String(selected) : 'y'
  const answer = await terminal.ask(`${action === 'replay' ? 'Replay' : 'Discard'} ${count(selected, 'letter')}? Type ${wanted} to go on: `)
  return answer.trim() === wanted ? undefined : 'not confirmed'
}
