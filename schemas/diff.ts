// Shows what registering would do, and does nothing. Exit code 0: no difference or only additions, 1: a refusal.
import { runCommand } from '@tally/platform/process/command'
import { schemaOf, TOPICS_WITH_SCHEMA } from '#contract/files'
import { publishedVersions } from '#contract/history'
import { subjectOf } from '#contract/topics'
import { planPublication } from '#registry/publish-schemas'
import { stepText } from '#registry/step-text'
import { httpSubjects } from '#registry/subjects'
import { registryConfig } from './config.ts'

await runCommand(async () => {
  const { SCHEMA_REGISTRY_URL } = registryConfig()
  const subjects = TOPICS_WITH_SCHEMA.map((topic) => {
    const subject = subjectOf(topic)
    const versions = publishedVersions(subject)
    const unpublished = versions.at(-1)?.schema !== schemaOf(topic)
    return { subject, versions, unpublished }
  })
  for (const { subject, versions, unpublished } of subjects) {
    if (unpublished)
      process.stdout.write(`${subject}: this checkout's schema is not in history/ yet (would be version ${versions.length + 1})\n`)
  }
  const plan = await planPublication(
    subjects.flatMap(({ versions }) => versions),
    httpSubjects(SCHEMA_REGISTRY_URL),
  )
  for (const step of plan) process.stdout.write(`${stepText(step, 'would')}\n`)
  return plan.some(({ state }) => state === 'refused') ? 1 : 0
})
