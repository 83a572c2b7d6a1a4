// Consumes a topic into a file, with the position in it, until a record ends the process: "abort" by a native crash,
// "hoard" by running out of memory. A supervisor starts it again.
import { randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { kafkaLog } from '../../kafka/log.ts'
import { consume } from '../../loop/consume.ts'
import { fileMarks } from '../../loop/file-marks.ts'
import { systemClock } from '../../process/clock.ts'
import { createLog } from '../../process/log.ts'
import { createMetrics } from '../../process/metrics.ts'
import type { RecordLog } from '../../records/record-log.ts'

const [brokers, topic, group, file] = process.argv.slice(2) as [string, string, string, string]
const log = createLog('crashing', 'silent')
const kafka = kafkaLog({ brokers: [brokers], clientId: 'crashing', log })
/** A group of its own: the next process need not wait for the session of the dead one. */
const recordLog: RecordLog = {
  ...kafka,
  subscribe: (subscription) => kafka.subscribe({ ...subscription, group: `${group}-${randomUUID()}`, temporary: true }),
}

const positions = new Map<number, bigint>()
for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
  const [partition, next] = line.split(' ')
  if (next !== undefined) positions.set(Number(partition), BigInt(next))
}

const hoard: number[][] = []
const consuming = await consume<string>({
  recordLog,
  topics: [topic],
  group,
  clock: systemClock,
  log,
  metrics: createMetrics('crashing'),
  marks: fileMarks(`${file}.in-hand`, log),
  handler: {
    decode: ({ value }) => String(value),
    startAt: (_topic, partition) => positions.get(partition) ?? 0n,
    async handle({ partition, next, messages }) {
      for (const { value } of messages) {
        if (value === 'abort') process.abort()
        while (value === 'hoard') hoard.push(new Array(100_000).fill(1))
      }
      positions.set(partition, next)
      appendFileSync(file, `${partition} ${next} ${JSON.stringify(messages.map(({ value }) => value))}\n`)
    },
  },
})
process.on('SIGTERM', async () => {
  await consuming.stop()
  await recordLog.close()
  process.exit(0)
})
