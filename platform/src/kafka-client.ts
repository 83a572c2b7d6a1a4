// KafkaJS set up once: its logs through pino, zstd, and its known faults mended.
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import type { KafkaConfig, logCreator } from 'kafkajs'
import kafkajs, { type Kafka } from 'kafkajs'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import type { Log } from './log.ts'

const { CompressionCodecs, CompressionTypes, logLevel } = kafkajs

/** Jittered by KafkaJS itself (factor). */
export const RETRY = { initialRetryTime: 200, maxRetryTime: 5_000, factor: 0.3, multiplier: 2, retries: 6 }

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => compress(buffer),
  decompress,
})

// With nothing pending KafkaJS 2.2.4 sets a timer anyway, of minus the epoch, which Node warns of (its issue 1751).
const { scheduleCheckPendingRequests } = RequestQueue.prototype
RequestQueue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0) scheduleCheckPendingRequests.call(this)
}

/** A client; it connects with its first producer, consumer or admin. */
export function kafkaClient({ brokers, clientId, log }: { brokers: string[]; clientId: string; log: Log }): Kafka {
  const config: KafkaConfig = {
    brokers,
    clientId,
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    retry: RETRY,
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
