// A step of publishing, as a line for people.
import type { Step } from './publish-schemas.ts'

/** @param tense whether the step was done or would be */
export function stepText(step: Step, tense: 'did' | 'would'): string {
  if (step.state === 'level') {
    return `${step.subject}: level ${step.from ?? 'not set'} → ${step.to}${tense === 'would' ? ' (would be set)' : ''}`
  }
  const name = `${step.subject} version ${step.version}`
  if (step.state === 'registered') {
    const same = step.sameAs === undefined ? '' : ` (kept as version ${step.sameAs}: they differ in docs, aliases or enum defaults only)`
    return `${name}: registered, id ${step.id}${same}`
  }
  if (step.state === 'refused') return `${name}: REFUSED by the registry: not compatible with what is registered`
  return tense === 'did' ? `${name}: registered now` : `${name}: would be registered`
}
