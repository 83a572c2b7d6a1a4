// Publishes history/ to the registry; with PUBLISH_NEW also what this checkout adds to it. Safe to repeat; nothing else registers.
import { systemClock } from '@tally/platform/process/clock'
import { runCommand } from '@tally/platform/process/command'
import { whileUnavailable } from '@tally/platform/process/retry'
import { checkRepository } from '#check/check-repository'
import { TOPICS_WITH_SCHEMA } from '#contract/files'
import { publishedFor } from '#contract/history'
import { checkPublisher, keepNewVersions } from '#registry/publish-new'
import { publishSchemas } from '#registry/publish-schemas'
import { stepText } from '#registry/step-text'
import { httpSubjects } from '#registry/subjects'
import { registerConfig } from './config.ts'

await runCommand(async () => {
  const { SCHEMA_REGISTRY_URL, WAIT_TIMEOUT_MS, PUBLISH_NEW, CI } = registerConfig()
  const subjects = httpSubjects(SCHEMA_REGISTRY_URL)
  const patiently = <T>(work: () => Promise<T>) => whileUnavailable(work, { deadlineMs: WAIT_TIMEOUT_MS })
  if (PUBLISH_NEW) {
    const check = () => {
      checkPublisher(SCHEMA_REGISTRY_URL, CI)
      return checkRepository(undefined, new Date(systemClock.now()).toISOString().slice(0, 10))
    }
    const kept = await patiently(() => keepNewVersions({ topics: TOPICS_WITH_SCHEMA, check, subjects }))
    for (const { path } of kept) process.stdout.write(`${path}: written, commit it\n`)
  }
  const published = TOPICS_WITH_SCHEMA.flatMap((topic) => publishedFor(topic))
  const steps = await patiently(() => publishSchemas(published, subjects))
  for (const step of steps) process.stdout.write(`${stepText(step, 'did')}\n`)
})
