// One failed record, whoever wrote it into a dead letter queue.
import type { Headers, RepeatedHeaders } from './record-log.ts'

/** Original key, value and headers (without the letter's own), where they came from and what went wrong. */
export type DeadLetter = {
  key: Buffer | null
  value: Buffer | null
  headers: Headers
  repeatedHeaders?: RepeatedHeaders | undefined
  topic: string
  partition: number
  offset: bigint
  group: string
  reason: string
  exception: string
  message: string
  attempts: number
  /** Epoch milliseconds. */
  failedAt: number
  /** How often it had been replayed before it failed. */
  replays: number
}
