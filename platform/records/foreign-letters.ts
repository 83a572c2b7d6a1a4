// Dead letters of Kafka Connect and of Spring Kafka, read as ours. Pure.
import type { DeadLetter } from './failed-record.ts'
import type { LogRecord } from './record-log.ts'
import { headersThat } from './record-log.ts'
import { REPLAYS } from './replay-headers.ts'

const CONNECT = '__connect.errors.'
const SPRING = 'kafka_dlt-'

/** Headers that a foreign letter has of its own; the rest are the record's. */
export const isForeignHeader = (name: string): boolean => name.startsWith(CONNECT) || name.startsWith(SPRING)

/** Undefined when the record has no headers of a letter that is known; `failedAt` is 0, for neither tells it. */
export function readForeignLetter(record: LogRecord): DeadLetter | undefined {
  const failed = ofConnect(record) ?? ofSpring(record)
  const replays = whole(record.headers[REPLAYS]?.toString() ?? '0')
  if (failed === undefined || replays === undefined) return undefined
  const { key, value } = record
  const { headers, repeatedHeaders } = headersThat(record, (name) => !isForeignHeader(name))
  return { key, value, headers, ...(repeatedHeaders && { repeatedHeaders }), failedAt: 0, replays: Number(replays), ...failed }
}

type Failed = Pick<DeadLetter, 'topic' | 'partition' | 'offset' | 'group' | 'reason' | 'exception' | 'message' | 'attempts'>

/** KIP-298: everything is text. A sink reads as group `connect-NAME`. */
function ofConnect({ headers }: LogRecord): Failed | undefined {
  const text = (name: string) => headers[`${CONNECT}${name}`]?.toString()
  const [topic, partition, offset] = [text('topic'), whole(text('partition')), whole(text('offset'))]
  if (topic === undefined || partition === undefined || offset === undefined) return undefined
  return {
    ...{ topic, partition: Number(partition), offset },
    group: `connect-${text('connector.name') ?? 'unknown'}`,
    reason: `connect-${(text('stage') ?? 'unknown').toLowerCase().replaceAll('_', '-')}`,
    exception: text('exception.class.name') ?? 'unknown',
    message: text('exception.message') ?? '',
    attempts: 1,
  }
}

/**
 * DeadLetterPublishingRecoverer: numbers are big-endian. A letter that came from another letter has its headers more than
 * once: the first tells where the record came from, the last what failed last. The cause says more than the listener's wrapper.
 */
function ofSpring({ headers, repeatedHeaders }: LogRecord): Failed | undefined {
  const last = (name: string) => headers[`${SPRING}${name}`] ?? undefined
  const first = (name: string) => repeatedHeaders?.[`${SPRING}${name}`]?.[0] ?? last(name)
  const [topic, partition, offset] = [first('original-topic'), first('original-partition'), first('original-offset')]
  if (topic === undefined || partition?.length !== 4 || offset?.length !== 8) return undefined
  const attempts = headers.kafka_deliveryAttempt
  return {
    ...{ topic: topic.toString(), partition: partition.readInt32BE(), offset: offset.readBigInt64BE() },
    group: last('original-consumer-group')?.toString() ?? 'unknown',
    reason: last('key-exception-fqcn') ? 'spring-key' : 'spring-listener',
    exception: (last('exception-cause-fqcn') ?? last('exception-fqcn') ?? last('key-exception-fqcn'))?.toString() ?? 'unknown',
    message: (last('exception-message') ?? last('key-exception-message'))?.toString() ?? '',
    attempts: attempts?.length === 4 ? attempts.readInt32BE() : 1,
  }
}

const whole = (text: string | undefined): bigint | undefined => (text !== undefined && /^\d+$/.test(text) ? BigInt(text) : undefined)
