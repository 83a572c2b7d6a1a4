// Runs as text: one line while they go, a summary when they end, a list for STATUS.

import type { Action, Control } from '#ledger/entry'
import type { Ledger, Run } from '#ledger/ledger'
import { openRuns } from '#ledger/ledger'
import type { Outcome, Tally } from '#ledger/outcome'
import { OUTCOMES, tallied } from '#ledger/outcome'
import { age, assignments, COLUMNS, count, fit, number, time, wrap } from '#letters/text'

const WORDS: Record<Outcome, string> = {
  counted: 'counted now',
  'already-counted': 'counted before, so the replay was ignored',
  handled: 'handled by the group',
  superseded: 'superseded: a newer record of the key is in the topic',
  'failed-again': 'failed again: new letters, see below',
  parked: 'parked: replayed too often, for humans only',
  discarded: 'discarded',
  unparked: 'open again, for one more replay each',
  patched: 'patched: mended copies stand in their place',
  missing: 'no longer in the dead letter queue',
  'settled-earlier': 'settled by another run meanwhile',
  unknown: 'unknown: still open',
}

/** One line: how far the run is. */
export function progressLine(run: Run, now: number): string {
  const { tally, letters, startedAt, state } = { ...run, startedAt: run.at }
  const done = tallied(tally)
  const parts = OUTCOMES.flatMap((outcome) => (tally.outcomes[outcome] ? [`${number(tally.outcomes[outcome])} ${outcome}`] : []))
  const word = state === 'running' ? toGo(run, done, now) : `, ${state}`
  if (run.note !== '') parts.unshift(run.note)
  return fit(`${run.id}  ${number(done)}/${number(letters)}  ${age(now - startedAt)}${word}  ${parts.join(', ')}`, COLUMNS)
}

/** The canary is waited for letter by letter: a million at its pace would be days. So nothing is said before the rest goes out. */
function toGo({ action, canary, sending, at, letters }: Run, done: number, now: number): string {
  const [before, since] = action === 'replay' ? [canary, sending.get(canary > 0 ? 1 : 0)?.at] : [0, at]
  if (since === undefined || done <= before || done >= letters) return ''
  return `, ${age(((now - since) / (done - before)) * (letters - done))} to go`
}

const ENDINGS = {
  done: 'is done',
  'mostly-failed': 'stopped: most letters fail again',
  'canary-failed': 'stopped behind its canary: the cause is not mended for all of them',
  cancelled: 'was cancelled',
}

/** How it ended, as the end of a sentence about it. */
export const endingText = (how: keyof typeof ENDINGS): string => ENDINGS[how]

const LEFT: Record<Action, string> = {
  replay: 'not sent: still open',
  discard: 'not discarded: still open',
  unpark: 'not opened: still parked',
  patch: 'not mended: still open',
}

/** What became of a run's letters and what to do next. */
export function summaryText(run: Run, command: string): string {
  const { id, dlq, how, letters, tally } = run
  const left = letters - tallied(tally)
  return [
    ...wrap(`The ${run.action} ${id} on ${dlq} ${how ? ENDINGS[how] : `is ${run.state}`}.`),
    ...outcomeLines(tally),
    ...(run.parked > 0 ? [`  ${number(run.parked).padStart(7)}  of the new letters parked: replayed too often`] : []),
    ...(left > 0 ? [`  ${number(left).padStart(7)}  ${LEFT[run.action]}`] : []),
    ...nextLines(run, left, command),
  ].join('\n')
}

function outcomeLines({ outcomes, reasons }: Tally): string[] {
  return OUTCOMES.filter((outcome) => outcomes[outcome] !== undefined).flatMap((outcome) => [
    `  ${number(outcomes[outcome] ?? 0).padStart(7)}  ${WORDS[outcome]}`,
    ...Object.entries(reasons)
      .filter(([key]) => key.startsWith(`${outcome}: `))
      .map(([key, n]) => fit(`           ${number(n)} × ${key.slice(outcome.length + 2)}`, COLUMNS)),
  ])
}

function nextLines({ state, tally: { outcomes } }: Run, left: number, command: string): string[] {
  if (state === 'paused') return [`To go on or stop: ${command} RESUME=1 | CANCEL=1`]
  if (state !== 'ended') return [`It goes on by itself. Look again: ${command} STATUS=1`]
  const failed = (outcomes['failed-again'] ?? 0) + (outcomes.unknown ?? 0)
  return failed + left > 0 ? [`What is open, and why: ${command}`] : []
}

/** Who held, let go or stopped a run, and why where it was said. */
export const controlLines = ({ kind, who, why, at }: Control): string[] =>
  wrap(`${kind} by ${who} at ${time(at)}${why === undefined ? '' : `: ${why}`}`, '  ')

/** Everything about one run: for STATUS with RUN. */
export function runText(run: Run, command: string): string {
  const filter = assignments(run.filter)
  return [
    fit(`${run.id}  ${run.action} by ${run.who} at ${time(run.at)}, plan ${run.planId}`, COLUMNS),
    ...wrap(`Why: ${run.why}`, '  '),
    ...wrap(`Letters: ${number(run.letters)} of ${run.dlq}${filter.length > 0 ? `, ${filter.join(' ')}` : ''}`, '  '),
    ...(run.action === 'replay'
      ? [
          `  Canary ${number(run.canary)}, then ${run.rate === 0 ? 'as fast as the group keeps up' : `${count(run.rate, 'letter')} a second`}`,
        ]
      : []),
    ...run.controls.flatMap(controlLines),
    summaryText(run, command),
  ].join('\n')
}

/** Open runs and the latest ended ones. */
export function statusText(ledger: Ledger, now: number, command: string, latest = 10): string {
  const open = openRuns(ledger)
  const ended = [...ledger.runs.values()].filter(({ state }) => state === 'ended').slice(-latest)
  const endedLine = (run: Run) => fit(`${progressLine(run, run.lastAt)}  ${run.how}`, COLUMNS)
  return [
    open.length === 0 ? 'No run is open.' : count(open.length, 'open run'),
    ...open.map((run) => `  ${fit(progressLine(run, now), COLUMNS - 2)}`),
    ...(ended.length > 0 ? ['Ended, the latest last:', ...ended.map((run) => `  ${fit(endedLine(run), COLUMNS - 2)}`)] : []),
    ...(open.length > 0
      ? [`To hold or stop: ${command} PAUSE=1 | CANCEL=1`]
      : ended.length > 0
        ? [`More of one: ${command} STATUS=1 RUN=${ended.at(-1)?.id}`]
        : []),
  ].join('\n')
}

/** A run for machines. */
export function runJson({ selection: _, settled: _settled, sending: _sending, recent: _recent, ...run }: Run): unknown {
  return { ...run, at: new Date(run.at).toISOString(), lastAt: new Date(run.lastAt).toISOString(), settled: tallied(run.tally) }
}
