// Creates the topics of topic-table.ts and sets their configuration. Safe to repeat.

import { ensureTopics } from '@tally/platform/kafka/topics'
import { runCommand } from '@tally/platform/process/command'
import { whileUnavailable } from '@tally/platform/process/retry'
import { TOPICS } from '#contract/topic-table'
import { topicsConfig } from './config.ts'

await runCommand(async () => {
  const { KAFKA_BROKERS, WAIT_TIMEOUT_MS } = topicsConfig()
  const { created, altered } = await whileUnavailable(() => ensureTopics(KAFKA_BROKERS, TOPICS), { deadlineMs: WAIT_TIMEOUT_MS })
  if (created.length > 0) process.stdout.write(`created ${created.join(', ')}\n`)
  if (altered.length > 0) process.stdout.write(`set the configuration of ${altered.join(', ')}\n`)
  if (created.length + altered.length === 0) process.stdout.write(`all ${TOPICS.length} topics are as they should be\n`)
})
