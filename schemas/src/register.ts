// Publishes history/ to the registry; with PUBLISH_NEW also what this checkout adds to it. Safe to repeat; nothing else registers.
import { systemClock } from '@tally/platform/clock'
import { runCommand } from '@tally/platform/command'
import { whileUnavailable } from '@tally/platform/retry'
import { checkRepository } from './check-repository.ts'
import { registerConfig } from './config.ts'
import { TOPICS_WITH_SCHEMA } from './files.ts'
import { publishedFor } from './history.ts'
import { httpSubjects } from './http-subjects.ts'
import { checkPublisher, keepNewVersions } from './publish-new.ts'
import { publishSchemas } from './publish-schemas.ts'
import { stepText } from './step-text.ts'

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
