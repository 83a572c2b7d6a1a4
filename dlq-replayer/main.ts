// dlq-replayer: works the runs that `make replay-dlq GO=1` writes into the audit topic.

import { type Mounted, openOps } from '@tally/platform/http/probes'
import { kafkaClient } from '@tally/platform/kafka/client'
import { kafkaLog } from '@tally/platform/kafka/log'
import { systemClock } from '@tally/platform/process/clock'
import { createLog } from '@tally/platform/process/log'
import { createMetrics } from '@tally/platform/process/metrics'
import type { App } from '@tally/platform/process/run'
import { run } from '@tally/platform/process/run'
import { groupCounts } from '#adapters/http-counts'
import { kafkaGroupOffsets } from '#adapters/kafka-group'
import { kafkaLetters, kafkaReplays } from '#adapters/kafka-letters'
import { kafkaCompaction, kafkaRetention } from '#adapters/kafka-retention'
import { kafkaAudit } from '#ledger/kafka-audit'
import { BOARD_PATH, bullBoard } from '#worker/bullmq-board'
import { bullmqCuts, type Queue } from '#worker/bullmq-cuts'
import { settleLate } from '#worker/settle-late'
import { watchLetters } from '#worker/watch-letters'
import { workRuns } from '#worker/work-runs'
import { serviceConfig } from './config.ts'
import { replayerMetrics } from './metrics.ts'

async function main(app: App): Promise<void> {
  const config = serviceConfig()
  const { log, stopping } = app
  const metrics = createMetrics('dlq-replayer')
  const kafka = { brokers: config.KAFKA_BROKERS, clientId: 'dlq-replayer', log, fast: config.KAFKAJS_FAST }

  const recordLog = kafkaLog({ ...kafka, metrics })
  app.onClose('record log', recordLog.close)
  const groups = await kafkaGroupOffsets(kafkaClient(kafka))
  app.onClose('group offsets', groups.close)
  const audit = await kafkaAudit(recordLog, config.AUDIT_TOPIC)
  app.onClose('audit', audit.close)
  audit.ended.catch(app.fail)
  const letters = kafkaLetters(recordLog, kafkaRetention(config.KAFKA_BROKERS, systemClock))
  const outcomes = { committed: groups.committed, members: groups.members, ...groupCounts(config) }
  const { DEAD_LETTER_QUEUES: dlqs } = config
  const common = {
    dlqs,
    letters,
    replays: kafkaReplays(recordLog, kafkaCompaction(config.KAFKA_BROKERS)),
    audit,
    outcomes,
    clock: systemClock,
    stopping,
    log,
  }
  const watch = watchLetters({ ...common, settleLate: (dlq) => settleLate(dlq, common) })
  app.onClose('letter watch', watch.stop)
  replayerMetrics(metrics, dlqs, await audit.refresh(), watch.seen)

  const store = config.REDIS_URL === undefined ? { postgresUrl: config.QUEUE_DATABASE_URL } : { redisUrl: config.REDIS_URL }
  const queues: Queue[] = []
  const runs = await workRuns({
    ...common,
    async openQueue(name, work) {
      const cuts = await bullmqCuts({ name, store, log, clock: systemClock, work })
      queues.push(cuts.queue)
      return cuts
    },
    maxReplays: config.MAX_REPLAYS,
    verifyTimeoutMs: config.VERIFY_TIMEOUT_MS,
    maxLag: BigInt(config.MAX_LAG),
  })
  app.onClose('runs', runs.stop)
  const board = boardOf(config, queues)
  const opsPort = await openOps(
    app,
    config.OPS_LISTEN,
    metrics,
    { live: { loop: runs.live }, ready: { runs: runs.ready } },
    new Map(),
    board,
  )
  log.info({ port: opsPort, queues: dlqs.map(({ name }) => name) }, 'waiting for runs')
}

function boardOf(config: ReturnType<typeof serviceConfig>, queues: Queue[]): Mounted {
  const { BULL_BOARD_TOKEN: token, BULL_BOARD_WRITE: write, BULL_BOARD_ENVIRONMENT: environment } = config
  return new Map(token === undefined ? [] : [[BOARD_PATH, bullBoard({ queues, token, write, environment })]])
}

const options = () => {
  const config = serviceConfig()
  return { log: createLog('dlq-replayer', config.LOG_LEVEL), drainTimeoutMs: config.DRAIN_TIMEOUT_MS }
}
run(options, main)
