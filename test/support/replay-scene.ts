// A topic with dead letters of its own, the group that failed, and a dlq-replayer of its own that brings them back.
import { randomUUID } from 'node:crypto'
import { dlqOf, parkedOf } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { countingGroup } from '../../dlq-replayer/test/support/counting-group.ts'
import { replayer } from '../../dlq-replayer/test/support/replayer.ts'
import { createTopics, deleteTopics } from './topics.ts'

export type ReplayScene = Awaited<ReturnType<typeof replayScene>>

type Runs = { runs: { tally: { outcomes: Record<string, number> } }[] }

export async function replayScene() {
  const unique = randomUUID().slice(0, 8)
  const [topic, group, auditTopic] = [`chaos-replay-${unique}`, `counting-${unique}`, `chaos-audit-${unique}`]
  const dlq = dlqOf(topic, group)
  const topics = [topic, dlq, parkedOf(topic, group), auditTopic]
  await createTopics({ [topic]: 3, [dlq]: 1, [parkedOf(topic, group)]: 1, [auditTopic]: 1 })
  const counting = await countingGroup(topic, group)
  const own = replayer({ topic, group, auditTopic, aggregatorUrl: counting.url })
  let failed = 0

  return {
    counting,
    own,
    /** So many dead letters lie in the queue; the group can read them now. */
    async fail(count: number): Promise<void> {
      await counting.deadLetters(count, 40)
      failed = count
    },
    /** Starts a run and watches it to its end, which must be that every letter was handled, once. */
    async run(perSecond = 20): Promise<void> {
      const { out, exitCode, note } = await own.command({ GO: '1', WHY: 'mended', RATE: String(perSecond), YES: '1', JSON: '1' })
      const { runs } = JSON.parse(out) as Runs
      expect(runs[0]?.tally.outcomes, note).to.deep.equal({ counted: failed })
      expect(exitCode).to.equal(0)
      expect([counting.handled(), counting.counted.size]).to.deep.equal([failed, failed])
    },
    async close(): Promise<void> {
      await own.close()
      await counting.close()
      await deleteTopics(topics)
    },
  }
}
