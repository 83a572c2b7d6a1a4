// Publishes history/ to the registry. Safe to repeat; nothing else ever registers a schema.
import { runCommand } from '@tally/platform/command'
import { whileUnavailable } from '@tally/platform/retry'
import { registryConfig } from './config.ts'
import { TOPICS_WITH_SCHEMA } from './files.ts'
import { publishedFor } from './history.ts'
import { httpSubjects } from './http-subjects.ts'
import { publishSchemas } from './publish-schemas.ts'
import { stepText } from './step-text.ts'

await runCommand(async () => {
  const { SCHEMA_REGISTRY_URL, WAIT_TIMEOUT_MS } = registryConfig()
  const published = TOPICS_WITH_SCHEMA.flatMap((topic) => publishedFor(topic))
  const subjects = httpSubjects(SCHEMA_REGISTRY_URL)
  const steps = await whileUnavailable(() => publishSchemas(published, subjects), { deadlineMs: WAIT_TIMEOUT_MS })
  for (const step of steps) process.stdout.write(`${stepText(step, 'did')}\n`)
})
