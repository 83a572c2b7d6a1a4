// The plan as an engineer reads it at night: what is there, why, since when, and the next command.
import { maskedBytes, maskedMessage, maskedValue } from './mask.ts'
import type { Cause, QueuePlan, Sample } from './plan.ts'
import { causesOf } from './plan.ts'
import { age, COLUMNS, chunks, count, fit, number, shellWord, time, wrap } from './text.ts'

export type PlanView = {
  plans: QueuePlan[]
  planId: string
  /** The filter as given: variable → text. */
  filter: Record<string, string>
  unmask: boolean
  now: number
  /** What the command line starts with: `make replay-dlq`, after a STACK where there is one. */
  command: string
  /** Said once, when values could not be read because the registry does not answer. */
  registryAway: boolean
}

/** The plan's text, without a trailing newline. */
export function planText(view: PlanView): string {
  const { plans, filter } = view
  const selected = plans.reduce((sum, plan) => sum + plan.selected, 0)
  const filtered = Object.keys(filter).length > 0
  const open = plans.reduce((sum, plan) => sum + plan.selected + plan.others, 0)
  const head = filtered ? `${number(selected)} of ${count(open, 'open dead letter')} selected` : count(open, 'open dead letter')
  return [
    `${head}. Nothing was changed.`,
    ...(filtered ? [`Filter: ${filterWords(filter)}`] : []),
    ...(view.registryAway ? wrap('The Schema Registry does not answer: values are shown as bytes.') : []),
    '',
    ...plans.flatMap((plan) => queueLines(plan, view)),
    ...nextLines(view, selected),
  ].join('\n')
}

const filterWords = (filter: Record<string, string>) =>
  Object.entries(filter)
    .map(([name, text]) => `${name}=${shellWord(text)}`)
    .join(' ')

function queueLines(plan: QueuePlan, view: PlanView): string[] {
  const facts = [
    ...(plan.selected + plan.others === 0 ? ['no open letters'] : [`${number(plan.selected + plan.others)} open`]),
    ...(plan.others > 0 ? [`${number(plan.selected)} selected`] : []),
    ...(plan.settled > 0 ? [`${number(plan.settled)} settled earlier`] : []),
    ...(plan.unknown > 0 ? [`${number(plan.unknown)} replayed before without a known outcome`] : []),
  ]
  return [
    plan.dlq.name,
    ...wrap(`failed in group ${plan.dlq.group} on topic ${plan.dlq.topic}: ${facts.join(', ')}`, '  '),
    '',
    ...causesOf(plan).flatMap((cause) => causeLines(cause, view)),
  ]
}

const span = ({ min, max }: { min: number; max: number }) => (min === max ? number(min) : `${number(min)} to ${number(max)}`)

function causeLines(cause: Cause, view: PlanView): string[] {
  const { letters, reason, exception, schemaId, firstSeen, lastSeen, attempts, replays, message, samples } = cause
  const schema = schemaId === undefined ? 'no schema id' : `schema id ${schemaId}`
  return [
    fit(`  ${number(letters)} × ${reason} (${exception}), ${schema}`, COLUMNS),
    fit(`    first ${time(firstSeen)}, last ${time(lastSeen)} (${age(view.now - lastSeen)} ago)`, COLUMNS),
    fit(`    attempts ${span(attempts)}, replayed before: ${span(replays)}`, COLUMNS),
    ...chunks(maskedMessage(message, view.unmask), '    ', 2),
    ...samples.flatMap((sample) => sampleLines(sample, view.unmask)),
    '',
  ]
}

function sampleLines(sample: Sample, unmask: boolean): string[] {
  const { partition, offset, eventId, key, letter, value } = sample
  const ids = [...(eventId ? [`event ${eventId}`] : ['no event id']), ...(key ? [`key ${key}`] : [])]
  const shown = value === undefined ? `unreadable: ${maskedBytes(letter.value, unmask)}` : JSON.stringify(maskedValue(value, unmask))
  return [fit(`    ${partition}/${offset}  ${ids.join(', ')}`, COLUMNS), ...chunks(shown, '      ', 4)]
}

function nextLines({ filter, command, planId, plans }: PlanView, selected: number): string[] {
  if (selected === 0) return ['Nothing to replay.']
  const words = [command, ...Object.entries(filter).map(([name, text]) => `${name}=${shellWord(text)}`)]
  const queues = plans.filter((plan) => plan.selected > 0).length
  return [
    ...wrap(`Plan ${planId}: ${count(selected, 'letter')}${queues > 1 ? ` of ${queues} queues, one run each` : ''}.`),
    'Once the cause is mended, go on with',
    `  ${[...words, 'GO=1', 'WHY="what was mended"'].join(' ')}`,
    'or narrow it down first (TOPIC REASON EVENT_ID ORDER_ID MERCHANT SINCE UNTIL',
    `OFFSETS MAX). Everything else: ${command} HELP=1`,
  ]
}
