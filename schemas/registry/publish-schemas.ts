// Brings the registry to what history/ says: every version under its subject, in order, and the subject's level.
import { StopProcess } from '@tally/platform/process/errors'
import { levelOf } from '#check/levels'
import type { PublishedSchema } from '#contract/history'

/** The registry's subjects. Every method @throws Unavailable when the registry does not answer. */
export type Subjects = {
  /** Id of exactly this schema in the subject. */
  find(subject: string, schema: string): Promise<number | undefined>
  /** Whether the registry would take the schema, asked of every registered version; true for a new subject. */
  accepts(subject: string, schema: string): Promise<boolean>
  /** @throws StopProcess when the registry refuses it */
  register(subject: string, schema: string): Promise<number>
  /** The subject's own level. */
  level(subject: string): Promise<string | undefined>
  setLevel(subject: string, level: string): Promise<void>
}

/** What publishing would do, or did, with one version or one subject's level. */
export type Step =
  /** `sameAs`: an earlier version under whose id the registry answers for this one. */
  | { subject: string; version: number; state: 'registered'; id: number; sameAs?: number }
  | { subject: string; version: number; state: 'new' }
  | { subject: string; version: number; state: 'refused' }
  | { subject: string; state: 'level'; from: string | undefined; to: string }

/** Changes nothing. A level is listed only when it differs. */
export async function planPublication(published: PublishedSchema[], subjects: Subjects): Promise<Step[]> {
  const steps: Step[] = []
  for (const { subject, version, schema } of published) {
    if (version === 1) {
      const from = await subjects.level(subject)
      if (from !== levelOf(subject)) steps.push({ subject, state: 'level', from, to: levelOf(subject) })
    }
    const id = await subjects.find(subject, schema)
    if (id !== undefined) {
      const earlier = steps.find((step) => step.state === 'registered' && step.subject === subject && step.id === id)
      steps.push({ subject, version, state: 'registered', id, ...(earlier && 'version' in earlier && { sameAs: earlier.version }) })
    } else steps.push({ subject, version, state: (await subjects.accepts(subject, schema)) ? 'new' : 'refused' })
  }
  return steps
}

/**
 * Publishes what is missing; repeating it changes nothing. Nothing is published when the plan holds a refusal.
 * @throws StopProcess naming every refused version
 */
export async function publishSchemas(published: PublishedSchema[], subjects: Subjects): Promise<Step[]> {
  const plan = await planPublication(published, subjects)
  const refused = plan.filter((step) => step.state === 'refused')
  if (refused.length > 0) {
    throw new StopProcess(
      `the registry refuses ${refused.map(({ subject, version }) => `${subject} version ${version}`).join(', ')}: ` +
        'it cannot be read together with what is registered there.\n' +
        'Nothing was published. `make schema-check` names every fault and its fix, `make schema-diff` shows the registry against history/.',
    )
  }
  for (const step of plan) {
    if (step.state === 'level') await subjects.setLevel(step.subject, step.to)
    if (step.state !== 'new') continue
    const entry = published.find(({ subject, version }) => subject === step.subject && version === step.version)
    if (entry) await subjects.register(entry.subject, entry.schema)
  }
  return plan
}
