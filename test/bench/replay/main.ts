// `make bench-replay`: how fast letters are replayed and planned, and what live orders notice of it. Runs against a stack that is up.
import { kafkaLog } from '@tally/platform/kafka/log'
import { createLog } from '@tally/platform/process/log'
import { stack } from '../../support/stack.ts'
import { PARTS } from './config.ts'
import { measureLive } from './live.ts'
import { measurePlan } from './plan.ts'
import { measureSpeed } from './speed.ts'

const log = kafkaLog({ brokers: [stack.kafka], clientId: 'bench', log: createLog('bench', 'silent') })
try {
  if (PARTS.includes('speed')) await measureSpeed(log)
  if (PARTS.includes('live')) await measureLive(log)
  if (PARTS.includes('plan')) await measurePlan(log)
} finally {
  await log.close()
}
