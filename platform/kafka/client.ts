// KafkaJS set up once: its logs through pino, zstd, a word for other compressions, and what kafkajs-fast/ replaces inside it.
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import type { ISocketFactory, KafkaConfig, logCreator } from 'kafkajs'
import kafkajs, { type Kafka } from 'kafkajs'
import { install } from '#kafkajs-fast/install'
import type { Log } from '#process/log'

const { CompressionCodecs, CompressionTypes, KafkaJSNonRetriableError, logLevel } = kafkajs

/** Jittered by KafkaJS (factor), but for the longest wait, which is never reached. */
export const RETRY = { initialRetryTime: 200, maxRetryTime: 60_000, factor: 0.3, multiplier: 2, retries: 6 }

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => compress(buffer),
  decompress,
})

for (const [name, type] of [
  ['snappy', CompressionTypes.Snappy],
  ['lz4', CompressionTypes.LZ4],
] as const) {
  CompressionCodecs[type] = () => {
    throw new KafkaJSNonRetriableError(
      `a batch is compressed with ${name}, which this program does not read (it reads gzip, zstd and uncompressed ones). Nothing was skipped. Set compression.type=gzip for the topic or its producer; for what is there already, copy it to a new topic.`,
    )
  }
}

export type ClientOptions = {
  brokers: string[]
  clientId: string
  log: Log
  /** How it reaches the brokers, where plain TCP does not. */
  socketFactory?: ISocketFactory | undefined
  /** False: KafkaJS reads and writes records by itself, slower. It holds for the whole process, and for clients that do not say it. */
  fast?: boolean | undefined
}

/** A client; it connects with its first producer, consumer or admin. */
export function kafkaClient({ brokers, clientId, log, socketFactory, fast }: ClientOptions): Kafka {
  for (const fault of install(fast)) log.error(fault)
  const config: KafkaConfig = {
    brokers,
    clientId,
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    // Of reaching a broker at all. Producers and consumers repeat that by their own RETRY; who asks is told within some 3 s.
    retry: { ...RETRY, retries: 4 },
    ...(socketFactory && { socketFactory }),
    logLevel: logLevel.INFO,
    logCreator: throughPino(log.child({ part: 'kafkajs' })),
  }
  return new kafkajs.Kafka(config)
}

const REPEAT_AFTER_MS = 60_000
const ROUTINE = /rebalanc|coordinator is not aware|not the coordinator|Crash: KafkaJSNumberOfRetriesExceeded/i

/** What decides to act on a fault logs it; KafkaJS's own view of it is a warning, once a minute, and its routine is for debugging. */
function throughPino(log: Log): logCreator {
  const lastLogged = new Map<string, number>()
  return () =>
    ({ level, namespace, log: { message, timestamp, ...rest } }) => {
      if (level !== logLevel.ERROR || ROUTINE.test(message) || ROUTINE.test(String(rest.error ?? ''))) {
        log.debug({ namespace, ...rest }, message)
        return
      }
      const at = Date.parse(timestamp)
      if (at - (lastLogged.get(message) ?? 0) < REPEAT_AFTER_MS) return
      if (lastLogged.size > 100) lastLogged.clear()
      lastLogged.set(message, at)
      const { stack: _, ...short } = rest
      log.warn({ namespace, ...short }, message)
    }
}

/** Errors of KafkaJS by the name of the protocol's error, else of the class. */
export function kafkaErrorType(error: unknown): string {
  const { type, name, cause } = (error ?? {}) as { type?: string; name?: string; cause?: unknown }
  return type ?? (cause !== undefined ? kafkaErrorType(cause) : (name ?? 'Error'))
}
