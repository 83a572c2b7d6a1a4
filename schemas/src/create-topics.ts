// Creates the topics of topic-table.ts and sets their configuration. Safe to repeat.
import { runCommand } from '@tally/platform/command'
import { ensureTopics } from '@tally/platform/kafka-topics'
import { whileUnavailable } from '@tally/platform/retry'
import { topicsConfig } from './config.ts'
import { TOPICS } from './topic-table.ts'

await runCommand(async () => {
  const { KAFKA_BROKERS, WAIT_TIMEOUT_MS } = topicsConfig()
  const { created, altered } = await whileUnavailable(() => ensureTopics(KAFKA_BROKERS, TOPICS), { deadlineMs: WAIT_TIMEOUT_MS })
  if (created.length > 0) process.stdout.write(`created ${created.join(', ')}\n`)
  if (altered.length > 0) process.stdout.write(`set the configuration of ${altered.join(', ')}\n`)
  if (created.length + altered.length === 0) process.stdout.write(`all ${TOPICS.length} topics are as they should be\n`)
})
