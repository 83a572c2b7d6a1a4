// GO and DISCARD: the forms that write. A refusal says what is missing and changes nothing.

import type { Action } from '#ledger/entry'
import type { Run } from '#ledger/ledger'
import { openRuns } from '#ledger/ledger'
import { EXIT, exitCodeOf } from '#ledger/outcome'
import { parted } from '#letters/letter'
import { count } from '#letters/text'
import type { QueuePlan } from '#plan/plan'
import type { Command, Tools } from './command.ts'
import { followRuns } from './follow-runs.ts'
import { planText } from './plan-text.ts'
import { prepareLetters } from './prepare-letters.ts'
import type { Prepared } from './prepared.ts'
import { runProgress } from './progress.ts'
import { runJson, summaryText } from './run-text.ts'
import { settleSelected } from './settle-selected.ts'
import type { Request, StartedRun } from './start-run.ts'
import { Refused, refusedBy, startRun } from './start-run.ts'

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
  terminal.onInterrupt(`Not watched any more; it goes on. Watch it again: ${command.name} STATUS=1 RUN=${started.runs[0]?.id}`)
  terminal.note(`Ctrl-C leaves it going; ${command.name} STATUS=1 shows it.`)
  const ids = started.runs.map(({ id }) => id)
  const progress = runProgress(terminal, clock)
  const runs = await followRuns(ids, audit, clock, {
    onChange: progress.show,
    onSilence: () => terminal.note('Nothing happened for a while. Do the dlq-replayer and the group run? See: make status'),
    silenceMs: SILENCE_MS,
  }).finally(progress.end)
  return summarize(runs, started, command, tools)
}

/** Discards or puts back what the filter selects now. */
export async function settle(action: 'discard' | 'unpark', command: Command, tools: Tools): Promise<number> {
  const { audit, clock } = tools
  const started = await write(action, command, tools, (plan, request) => settleSelected(plan, request, audit, clock))
  if ('exitCode' in started) return started.exitCode
  const { runs } = await audit.refresh()
  return summarize(
    started.runs.flatMap(({ id }) => runs.get(id) ?? []),
    started,
    command,
    tools,
  )
}

function summarize(runs: Run[], { refused }: { refused: number }, command: Command, { terminal }: Tools): number {
  if (command.json) terminal.out(JSON.stringify({ runs: runs.map(runJson) }))
  else terminal.out(runs.map((run) => summaryText(run, command.name)).join('\n\n'))
  const codes: number[] = runs.map((run) => exitCodeOf(run.how ?? '', run.tally))
  if (refused > 0) codes.push(EXIT.error)
  return codes.includes(EXIT.failedAgain) ? EXIT.failedAgain : (codes.find((code) => code !== EXIT.done) ?? EXIT.done)
}

type Refusal = { exitCode: number }
/** `refused`: on how many queues it was, beside those on which it was not. */
type Begun = Refusal | { runs: StartedRun[]; refused: number }
type Begin = (plan: QueuePlan, request: Request) => ReturnType<typeof startRun>

/** Plans, asks, and begins a run on each queue with something selected. */
async function write(action: Action, command: Command, tools: Tools, begin: Begin): Promise<Begun> {
  const { terminal } = tools
  const refuse = (why: string): Refusal => {
    terminal.note(`Refused, nothing was changed: ${why}`)
    return { exitCode: EXIT.refused }
  }
  const { why } = command
  if (why === undefined) return refuse(`say why, it is kept in the audit: WHY="what was ${action === 'discard' ? 'decided' : 'mended'}"`)
  const prepared = await prepareLetters(command, tools)
  try {
    return await begun(action, { ...command, why }, prepared, tools, begin, refuse)
  } finally {
    await prepared.close()
  }
}

async function begun(
  action: Action,
  command: Command & { why: string },
  prepared: Prepared,
  tools: Tools,
  begin: Begin,
  refuse: (why: string) => Refusal,
): Promise<Begun> {
  const { terminal } = tools
  const { why, who, rate, canary, name } = command
  if (prepared.letters === 0) {
    for (const line of command.json ? [] : prepared.lines) terminal.note(line)
    terminal.out(command.json ? JSON.stringify({ runs: [] }) : `Nothing matched, nothing was changed. What there is: ${name}`)
    return { exitCode: EXIT.nothingMatched }
  }
  const open = await openOn(prepared, tools)
  if (open !== undefined) return refuse(`${open}. See: ${name} STATUS=1`)
  const unconfirmed = await confirm(action, prepared, command, tools)
  if (unconfirmed !== undefined) return refuse(unconfirmed)
  // Somebody may have begun one while this one was asked for.
  const openNow = await openOn(prepared, tools)
  if (openNow !== undefined) return refuse(`${openNow}. See: ${name} STATUS=1`)
  const request: Request = { action, who, why, filter: { ...command.filter, ...prepared.source }, rate, canary }
  const planned = await prepared.put(request).catch((error: unknown) => {
    if (error instanceof Refused) return error
    throw error
  })
  if (planned instanceof Refused) return refuse(`${planned.message}. See: ${name} STATUS=1`)
  const all: StartedRun[] = []
  for (const plan of planned.plans) if (plan.selected > 0) all.push(await begin(plan, request))
  const [refused, runs] = parted(all, ({ refusedBy }) => refusedBy !== undefined)
  const whys = refused.map((run) => refusedBy(run).message).join('; ')
  const isNothingPut = Object.keys(prepared.source).length === 0
  if (refused.length > 0 && runs.length === 0 && isNothingPut) return refuse(`${whys}. See: ${name} STATUS=1`)
  if (refused.length > 0)
    terminal.note(`Not begun: ${whys}.${isNothingPut ? '' : ' What was put into the queue lies there, open.'} See: ${name} STATUS=1`)
  return runs.length === 0 ? { exitCode: EXIT.error } : { runs, refused: refused.length }
}

async function openOn({ planned: { plans } }: Prepared, { audit }: Tools): Promise<string | undefined> {
  const open = openRuns(await audit.refresh()).find(({ dlq }) => plans.some((plan) => plan.dlq.name === dlq))
  return open && `run ${open.id} is open on ${open.dlq}`
}

const VERBS: Record<Action, string> = { replay: 'Replay', discard: 'Discard', unpark: 'Open', patch: 'Mend' }

/** Undefined: go. Else why not. */
async function confirm(
  action: Action,
  { letters, lines, planned }: Prepared,
  { yes, json }: Command,
  { terminal }: Tools,
): Promise<string | undefined> {
  if (yes || (action !== 'discard' && letters <= UNASKED_LETTERS)) return undefined
  if (!terminal.interactive) return `${count(letters, 'letter')}, and no terminal to confirm at: add YES=1`
  if (!json) terminal.note([planText(planned.view), ...lines].join('\n'))
  const typed = action === 'discard' || letters > COUNT_TYPED_ABOVE
  const answer = await terminal.ask(`${VERBS[action]} ${count(letters, 'letter')}? ${typed ? `Type ${letters} to go on` : 'y/N'}: `)
  const said = answer.trim().toLowerCase().replaceAll(',', '')
  return (typed ? said === String(letters) : said === 'y' || said === 'yes') ? undefined : 'not confirmed'
}
