// Looks at a connector's way through the database: what is there, what is stored, what is wrong.

import type { ConnectorConfig } from '#connect/connector'
import { type CaptureFacts, type CaptureProblem, captureProblems, type StoredOffset, type Wanted } from './capture.ts'

export type CapturePort = {
  facts(wanted: Wanted): Promise<CaptureFacts>
}

export type OffsetsPort = { offsets(name: string): Promise<{ offsets: unknown[] } | undefined> }

/** Before what Connect says then. It answers everything else while Kafka is away. */
export const NO_OFFSETS = 'it does not tell its stored offsets, which it reads from Kafka: '

export type Capture = { facts: CaptureFacts; offset: StoredOffset | undefined; problems: CaptureProblem[] }

/** What a PostgreSQL connector's configuration asks of its database. */
export const wantedOf = (config: ConnectorConfig): Wanted => ({
  slot: config['slot.name'] ?? '',
  publication: config['publication.name'] ?? '',
  tables: [...(config['table.include.list'] ?? '').split(','), config['signal.data.collection'] ?? ''].filter(Boolean),
})

export async function readCapture(name: string, config: ConnectorConfig, port: CapturePort, connect: OffsetsPort): Promise<Capture> {
  const wanted = wantedOf(config)
  // The slot first: what the connector confirmed to it was stored before.
  const facts = await port.facts(wanted)
  const offset = storedOffset(await connect.offsets(name))
  return { facts, offset, problems: captureProblems(facts, offset, wanted) }
}

type DebeziumOffset = { offset?: { lsn?: number; lsn_proc?: number; lsn_commit?: number; ts_usec?: number } | null }

function storedOffset(answer: { offsets: unknown[] } | undefined): StoredOffset | undefined {
  const { offset } = (answer?.offsets[0] ?? {}) as DebeziumOffset
  if (!offset) return undefined
  const lsn = Math.max(offset.lsn ?? 0, offset.lsn_proc ?? 0, offset.lsn_commit ?? 0)
  return { lsn: BigInt(lsn), atMs: Math.floor((offset.ts_usec ?? 0) / 1000) }
}
