// A second opinion: what the registry would say to this checkout's schemas, and whether it knows versions that history/ does not.
import { Unavailable } from '@tally/platform/process/errors'
import type { Checked } from '#check/check-repository'
import type { Finding } from '#check/finding'
import { fileOf, schemaOf, TOPICS_WITH_SCHEMA } from '#contract/files'
import { subjectOf } from '#contract/topics'

export type Opinion = { accepts(subject: string, schema: string): Promise<boolean> }

/** Adds a fault to each subject on which the two disagree; a registry that does not answer is a warning. */
export async function askRegistry(checked: Checked[], registry: Opinion): Promise<void> {
  for (const topic of TOPICS_WITH_SCHEMA) {
    const entry = checked.find(({ name }) => name === subjectOf(topic))
    if (entry === undefined) continue
    const about = (severity: Finding['severity'], type: string, message: string, fix: string): Finding => ({
      severity,
      type,
      path: '/',
      message,
      file: `schemas/${fileOf(topic)}`,
      line: 1,
      fix,
    })
    const compatible = !entry.findings.some(({ direction }) => direction !== undefined)
    try {
      const accepted = await registry.accepts(entry.name, schemaOf(topic))
      if (accepted === compatible) continue
      const message = `the registry says ${accepted ? 'compatible' : 'not compatible'}, this check says ${compatible ? 'compatible' : 'not'}`
      entry.findings.push(
        about(
          'error',
          'REGISTRY_DISAGREES',
          message,
          'make schema-diff shows which versions the registry has; the stricter of the two holds',
        ),
      )
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      entry.findings.push(about('warning', 'REGISTRY_NOT_ASKED', error.message, 'nothing: files alone decide'))
    }
  }
}
