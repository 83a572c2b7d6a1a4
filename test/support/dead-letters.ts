// The aggregator's dead letters, as they lie in their topic.
import type { LogRecord } from '@tally/platform/records/record-log'
import { recordsOf } from './books.ts'

const DLQ = 'order-events-aggregator-dlq'

/** Those whose value contains the text. */
export async function lettersWith(text: string): Promise<LogRecord[]> {
  const found: LogRecord[] = []
  for await (const record of recordsOf(DLQ)) if (record.value?.includes(text)) found.push(record)
  return found
}

/** Where the failed record lies. */
export const placeOf = ({ headers }: LogRecord) => `${headers['dlq.partition']}/${headers['dlq.offset']}`
