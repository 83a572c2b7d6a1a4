// The words of a command line: what each may say, and which go together. Nothing that was said is passed over.
import { flagOf } from '@tally/platform/process/config'
import { FILTER_VARIABLES } from '#letters/filter-words'
import { shellWord } from '#letters/text'
import type { Command, Form } from './command.ts'

/** Letters a second beside which live orders are read about as soon as without a replay: docs/performance.md. */
export const DEFAULT_RATE = 500
const DEFAULT_CANARY = 10

/** RATE and CANARY, where they are not what is taken without a word. */
export const paceWords = ({ rate, canary }: { rate: number; canary: number }): Record<string, string> => ({
  ...(rate !== DEFAULT_RATE && { RATE: `${rate}` }),
  ...(canary !== DEFAULT_CANARY && { CANARY: `${canary}` }),
})

const FORMS = ['STATUS', 'PAUSE', 'RESUME', 'CANCEL', 'PARKED', 'UNPARK', 'HISTORY', 'DISCARD', 'EXPORT', 'GO'] as const

const LETTERS = [...FILTER_VARIABLES, 'PLAN']

/**
 * What tells a form which letters or runs are meant. WHY, WHO, YES, RATE, CANARY, JSON and UNMASK go with all: without them the same
 * letters are meant.
 */
const HEEDED: Record<Form, readonly string[]> = {
  plan: [...LETTERS, 'IMPORT', 'PATCH'],
  go: [...LETTERS, 'IMPORT', 'PATCH'],
  discard: [...LETTERS, 'IMPORT'],
  export: LETTERS,
  parked: LETTERS,
  unpark: LETTERS,
  history: ['RUN', 'TOPIC', 'SINCE', 'UNTIL', 'MAX'],
  status: ['RUN'],
  pause: ['RUN'],
  resume: ['RUN'],
  cancel: ['RUN'],
}
const HEEDED_BY_SOME = [...new Set(Object.values(HEEDED).flat())]

type Words = Omit<Command, 'who' | 'name'>
type Environment = Record<string, string | undefined>

/** HELP wins over whatever else is said. @throws Error with every fault, by variable */
export function commandWords(env: Environment): Words {
  const faults: string[] = []
  const text = (name: string) => env[name] || undefined
  const flag = (name: string): boolean => {
    const said = flagOf(env[name])
    if (said === undefined) faults.push(`${given(name, env)}: expected 1 (or true, yes), or 0 (or false, no)`)
    return said ?? false
  }
  const whole = (name: string, most: number, otherwise: number): number => {
    const said = text(name)
    if (said === undefined) return otherwise
    if (!/^\d{1,9}$/.test(said) || Number(said) > most) faults.push(`${given(name, env)}: expected a whole number from 0 to ${most}`)
    return Number(said)
  }
  const help = flag('HELP')
  const file = flagOf(env.EXPORT) === false ? undefined : text('EXPORT')
  const forms = FORMS.filter((form) => (form === 'EXPORT' ? file !== undefined : flag(form)))
  const form = (forms[0]?.toLowerCase() ?? 'plan') as Form
  const words: Words = {
    form: help ? 'help' : form,
    filter: Object.fromEntries(FILTER_VARIABLES.flatMap((name) => (text(name) === undefined ? [] : [[name, text(name)]]))),
    why: text('WHY')?.trim() || undefined,
    run: text('RUN'),
    planId: text('PLAN'),
    file,
    importFile: text('IMPORT'),
    patchFile: text('PATCH'),
    rate: whole('RATE', 100_000, DEFAULT_RATE),
    canary: whole('CANARY', 10_000, DEFAULT_CANARY),
    yes: flag('YES'),
    json: flag('JSON'),
    unmask: flag('UNMASK'),
  }
  if (help) return words
  if (forms.length > 1) faults.push(`${forms.join(' and ')} do not go together: choose one`)
  else faults.push(...misfits(form, env))
  if (faults.length > 0) throw new Error([...faults, 'Nothing was changed. Everything explained: make replay-dlq HELP=1'].join('\n'))
  return words
}

const given = (name: string, env: Environment) => `${name}=${shellWord(env[name] ?? '')}`

/** What was said and would not be heeded, each with where it belongs. */
function misfits(form: Form, env: Environment): string[] {
  const said = HEEDED_BY_SOME.filter((name) => env[name])
  const here = form === 'plan' ? 'alone' : `with ${form.toUpperCase()}`
  const homeless = said.filter((name) => !HEEDED[form].includes(name)).map((name) => `${name} goes ${homeOf(name)}, not ${here}`)
  const beside = said.filter((name) => [...LETTERS, 'PATCH'].includes(name))
  if (!said.includes('IMPORT') || !HEEDED[form].includes('IMPORT') || beside.length === 0) return homeless
  return [...homeless, `IMPORT means the letters of its file, ${beside.join(' and ')} would choose others: leave one out`]
}

function homeOf(name: string): string {
  const forms = FORMS.filter((form) => HEEDED[form.toLowerCase() as Form].includes(name))
  return `${HEEDED.plan.includes(name) ? 'alone or ' : ''}with ${forms.join(', ')}`
}
