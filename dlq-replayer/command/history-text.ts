// What was done with letters, by whom and why: the audit topic as people read it.
import type { Ledger, Run } from '#ledger/ledger'
import { OUTCOMES } from '#ledger/outcome'
import { age, assignments, COLUMNS, count, fit, number, time, wrap } from '#letters/text'
import { controlLines, endingText } from './run-text.ts'

export type HistoryView = { runs: Run[]; refused: Refused[]; older: number; command: string }

type Refused = Ledger['refused'] extends Map<string, infer R> ? R : never

/** The oldest first, so that the latest stands above the prompt. */
export function historyText({ runs, refused, older, command }: HistoryView): string {
  const entries = [
    ...runs.map((run) => ({ at: run.at, lines: runLines(run) })),
    ...refused.map((entry) => ({ at: entry.at, lines: refusedLines(entry) })),
  ].sort((a, b) => a.at - b.at)
  if (entries.length === 0) return 'Nothing was done yet.'
  return [
    ...(older > 0 ? [`${count(older, 'older entry', 'older entries')}: MAX=${older + entries.length} shows them too.`, ''] : []),
    ...entries.flatMap(({ lines }) => [...lines, '']),
    `More of one: ${command} STATUS=1 RUN=id`,
  ].join('\n')
}

function runLines(run: Run): string[] {
  const { id, action, who, why, at, lastAt, letters, dlq, filter, planId, tally, controls } = run
  const ended = run.how === undefined ? `is ${run.state}` : `${endingText(run.how)} after ${age(lastAt - at)}`
  const outcomes = OUTCOMES.flatMap((outcome) => (tally.outcomes[outcome] ? [`${number(tally.outcomes[outcome])} ${outcome}`] : []))
  return [
    fit(`${time(at)}  ${action} ${id} by ${who}`, COLUMNS),
    ...wrap(`Why: ${why}`, '  '),
    ...wrap(`${count(letters, 'letter')} of ${dlq}, ${filterText(filter)}, plan ${planId}`, '  '),
    ...wrap(`It ${ended}: ${outcomes.join(', ') || 'nothing settled'}`, '  '),
    ...controls.flatMap(controlLines),
  ]
}

const refusedLines = ({ run, action, who, why, at, dlq, by }: Refused): string[] => [
  fit(`${time(at)}  ${action} ${run} by ${who}`, COLUMNS),
  ...wrap(`Why: ${why}`, '  '),
  ...wrap(`Refused: run ${by} was open on ${dlq}. Nothing was changed.`, '  '),
]

function filterText(filter: Record<string, string>): string {
  const words = assignments(filter)
  return words.length === 0 ? 'no filter' : words.join(' ')
}
