import { expect } from 'chai'
import { readDeadLetter } from '../records/dead-letter.ts'
import type { Headers, LogRecord } from '../records/record-log.ts'

const letterOf = (headers: Headers, repeatedHeaders?: Record<string, Buffer[]>): LogRecord => ({
  ...{
    topic: 'somewhere-dlq',
    partition: 0,
    offset: 12n,
    timestamp: 1,
    key: Buffer.from('k'),
    value: Buffer.from([0, 0, 0, 0, 7]),
    headers,
  },
  ...(repeatedHeaders && { repeatedHeaders }),
})
const texts = (headers: Record<string, string>): Headers =>
  Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]))
const int32 = (value: number) => Buffer.from([value >> 24, value >> 16, value >> 8, value])
const int64 = (value: bigint) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}
const own = { id: Buffer.from('7'), traceparent: null }

/** As errors.deadletterqueue.context.headers.enable=true writes them. */
const CONNECT = texts({
  '__connect.errors.topic': 'readings',
  '__connect.errors.partition': '3',
  '__connect.errors.offset': '9007199254740993',
  '__connect.errors.connector.name': 'jdbc-sink',
  '__connect.errors.task.id': '0',
  '__connect.errors.stage': 'VALUE_CONVERTER',
  '__connect.errors.class.name': 'io.confluent.connect.avro.AvroConverter',
  '__connect.errors.exception.class.name': 'org.apache.kafka.connect.errors.DataException',
  '__connect.errors.exception.message': 'Failed to deserialize data for topic readings to Avro: ',
  '__connect.errors.exception.stacktrace': 'org.apache.kafka.connect.errors.DataException: Failed to deserialize data\n\tat io.confluent…',
})

/** As DeadLetterPublishingRecoverer writes them. */
const SPRING: Headers = {
  'kafka_dlt-original-topic': Buffer.from('readings'),
  'kafka_dlt-original-partition': int32(258),
  'kafka_dlt-original-offset': int64(9_007_199_254_740_993n),
  'kafka_dlt-original-timestamp': int64(1_764_000_000_123n),
  'kafka_dlt-original-timestamp-type': Buffer.from('CreateTime'),
  'kafka_dlt-original-consumer-group': Buffer.from('billing'),
  'kafka_dlt-exception-fqcn': Buffer.from('org.springframework.kafka.listener.ListenerExecutionFailedException'),
  'kafka_dlt-exception-cause-fqcn': Buffer.from('java.lang.IllegalStateException'),
  'kafka_dlt-exception-message': Buffer.from('Listener failed; no such customer'),
  'kafka_dlt-exception-stacktrace': Buffer.from('org.springframework.kafka.listener.ListenerExecutionFailedException: …'),
}

describe('letters of others', () => {
  it('of Kafka Connect tell where the record came from and what went wrong', () => {
    expect(readDeadLetter(letterOf({ ...own, ...CONNECT }))).to.deep.equal({
      ...{ key: Buffer.from('k'), value: Buffer.from([0, 0, 0, 0, 7]), headers: own },
      ...{ topic: 'readings', partition: 3, offset: 9_007_199_254_740_993n, group: 'connect-jdbc-sink', reason: 'connect-value-converter' },
      exception: 'org.apache.kafka.connect.errors.DataException',
      message: 'Failed to deserialize data for topic readings to Avro: ',
      ...{ attempts: 1, failedAt: 0, replays: 0 },
    })
  })

  it('of Spring Kafka tell the same, from big-endian numbers, with the cause rather than its wrapper', () => {
    expect(readDeadLetter(letterOf({ ...own, ...SPRING, kafka_deliveryAttempt: int32(4) }))).to.deep.include({
      ...{ topic: 'readings', partition: 258, offset: 9_007_199_254_740_993n, group: 'billing', reason: 'spring-listener' },
      ...{ exception: 'java.lang.IllegalStateException', message: 'Listener failed; no such customer', attempts: 4 },
    })
  })

  it('of Spring Kafka that went through retry topics tell where the record came from at first', () => {
    const name = 'kafka_dlt-original-topic'
    const letter = letterOf(
      { ...SPRING, [name]: Buffer.from('readings-retry-1') },
      { [name]: [Buffer.from('readings'), Buffer.from('readings-retry-1')] },
    )
    expect(readDeadLetter(letter)).to.include({ topic: 'readings' })
  })

  it('are not read from headers that lack the position, or are no numbers', () => {
    const { '__connect.errors.offset': _, ...without } = CONNECT
    expect(readDeadLetter(letterOf(without))).to.equal(undefined)
    expect(readDeadLetter(letterOf({ ...CONNECT, '__connect.errors.offset': Buffer.from('?') }))).to.equal(undefined)
    expect(readDeadLetter(letterOf({ ...CONNECT, 'dlq.replays': Buffer.from('?') }))).to.equal(undefined)
    expect(readDeadLetter(letterOf({ ...SPRING, 'kafka_dlt-original-partition': Buffer.from('0') }))).to.equal(undefined)
    expect(readDeadLetter(letterOf({ ...SPRING, 'kafka_dlt-original-offset': null }))).to.equal(undefined)
  })
})
