// The plan as an engineer reads it at night: what is there, why, since when, and the next command.
import { maskedBytes, maskedMessage, maskedValue } from '#letters/mask'
import { age, assignments, COLUMNS, chunks, count, fit, number, time, wrap } from '#letters/text'
import type { Cause, QueuePlan, Sample } from '#plan/plan'
import { causesOf, deletionOf } from '#plan/plan'
import { PLAN_HOURS } from '#plan/plan-id'

export type PlanView = {
  plans: QueuePlan[]
  planId: string
  /** The filter as given: variable → text. */
  filter: Record<string, string>
  /** RATE and CANARY where they were said: the next command repeats them. */
  pace: Record<string, string>
  unmask: boolean
  now: number
  /** What the command line starts with: `make replay-dlq`, after a STACK where there is one. */
  command: string
  /** Said once, when values could not be read because the registry does not answer. */
  registryAway: boolean
  /** Parked letters instead of open ones. */
  parked?: boolean
  /** Said when the filter names a queue that is not there. */
  noQueue?: string[]
}

/** The plan's text, without a trailing newline. */
export function planText(view: PlanView): string {
  const { plans, filter, noQueue = [] } = view
  if (plans.length === 0 && noQueue.length > 0) return [...noQueue, '', 'Nothing was changed.'].join('\n')
  const selected = plans.reduce((sum, plan) => sum + plan.selected, 0)
  const filtered = Object.keys(filter).length > 0
  const open = plans.reduce((sum, plan) => sum + plan.selected + plan.others, 0)
  const noun = view.parked ? 'parked letter' : 'open dead letter'
  const head = filtered ? `${number(selected)} of ${count(open, noun)} selected` : count(open, noun)
  return [
    `${head}. Nothing was changed.`,
    ...(filtered ? [`Filter: ${assignments(filter).join(' ')}`] : []),
    ...noQueue,
    ...(view.registryAway ? wrap('The Schema Registry does not answer: values are shown as bytes.') : []),
    '',
    ...plans.flatMap((plan) => queueLines(plan, view)),
    ...nextLines(view, selected),
  ].join('\n')
}

function queueLines(plan: QueuePlan, view: PlanView): string[] {
  const word = view.parked ? 'parked' : 'open'
  const facts = [
    ...(plan.selected + plan.others === 0 ? [`no ${word} letters`] : [`${number(plan.selected + plan.others)} ${word}`]),
    ...(plan.others > 0 ? [`${number(plan.selected)} selected`] : []),
    ...(plan.settled > 0 && !view.parked ? [`${number(plan.settled)} settled earlier`] : []),
    ...(plan.unknown > 0 ? [`${number(plan.unknown)} replayed before without a known outcome`] : []),
  ]
  return [
    plan.dlq.name,
    ...wrap(`failed in group ${plan.dlq.group} on topic ${plan.dlq.topic}: ${facts.join(', ')}`, '  '),
    ...keptLines(plan, view.now),
    '',
    ...causesOf(plan).flatMap((cause) => causeLines(cause, view)),
  ]
}

function keptLines(plan: QueuePlan, now: number): string[] {
  if (plan.oldest === undefined) return []
  const deletion = deletionOf(plan)
  const kept = deletion === undefined ? 'kept without limit' : `the topic deletes it in ${age(deletion - now)}, at ${time(deletion)}`
  return wrap(`The oldest has been there for ${age(now - plan.oldest)}: ${kept}.`, '  ')
}

const span = ({ min, max }: { min: number; max: number }) => (min === max ? number(min) : `${number(min)} to ${number(max)}`)

function causeLines(cause: Cause, view: PlanView): string[] {
  const { letters, reason, exception, schemaId, stack, firstSeen, lastSeen, attempts, replays, message, samples } = cause
  const schema = schemaId === undefined ? 'no schema id' : `schema id ${schemaId}`
  return [
    fit(`  ${number(letters)} × ${reason} (${exception}), ${schema}`, COLUMNS),
    fit(`    first ${time(firstSeen)}, last ${time(lastSeen)} (${age(view.now - lastSeen)} ago)`, COLUMNS),
    fit(`    attempts ${span(attempts)}, replayed before: ${span(replays)}`, COLUMNS),
    ...chunks(maskedMessage(message, view.unmask), '    ', 2),
    ...(stack ? [fit(`    stack ${stack.id}: ${stack.frames.join(' < ')}`, COLUMNS)] : []),
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

function nextLines({ filter, pace, command, planId, plans, parked }: PlanView, selected: number): string[] {
  if (selected === 0) return [parked ? 'Nothing is parked.' : 'Nothing to replay.']
  const words = [command, ...assignments(filter)]
  const next = (...more: string[]) => [...wrapCommand([...words, `PLAN=${planId}`]), `    ${more.join(' ')}`]
  if (parked) return ['To open them again, for one more replay each:', ...next('UNPARK=1', 'WHY="what was mended"')]
  const queues = plans.filter((plan) => plan.selected > 0).length
  return [
    ...wrap(`${count(selected, 'letter')}${queues > 1 ? ` of ${queues} queues, one run each` : ''}. Once the cause is mended, go on with`),
    ...next(...assignments(pace), 'GO=1', 'WHY="what was mended"'),
    ...wrap(`PLAN holds for ${PLAN_HOURS} hours and keeps to these letters, whatever comes in; without it what is there then is meant.`),
    'To narrow it down: TOPIC REASON EVENT_ID ORDER_ID MERCHANT SINCE UNTIL OFFSETS',
    `MAX. Everything else: ${command} HELP=1`,
  ]
}

/** The command that goes on with a file or a patch; nothing when there is nothing to go on with. */
export function nextCommand({ filter, pace, command, planId }: PlanView, source: Record<string, string>, letters: number): string[] {
  if (letters === 0) return ['Nothing was changed, and there is nothing to replay.']
  const words = assignments({ ...filter, ...source })
  const plan = source.IMPORT === undefined ? [`PLAN=${planId}`] : []
  return [
    `Nothing was changed. To replay ${count(letters, 'letter')}:`,
    ...wrapCommand([command, ...words, ...plan]),
    `    ${[...assignments(pace), 'GO=1', 'WHY="what was mended"'].join(' ')}`,
  ]
}

/** As many lines as it takes, each but the last of them with a backslash; one more follows. */
function wrapCommand(words: string[]): string[] {
  const lines: string[] = []
  let line = ' '
  for (const word of words) {
    if (line.trim() !== '' && line.length + 1 + word.length + 2 > COLUMNS) {
      lines.push(`${line} \\`)
      line = '   '
    }
    line = `${line} ${word}`
  }
  return [...lines, `${line} \\`]
}
