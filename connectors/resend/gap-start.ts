// From which event on a recovery sends again, and whether it may begin at all.
import { StopProcess } from '@tally/platform/process/errors'
import { firstTsidAt, tsidTime } from '@tally/platform/process/ids'
import { formatRfc3339 } from '@tally/platform/process/time'
import { needsRecovery, type StoredOffset } from '#capture/capture'
import { type CapturePort, type OffsetsPort, readCapture, wantedOf } from '#capture/read-capture'
import type { Connector, ConnectorConfig } from '#connect/connector'
import { dayOf } from './event-range.ts'

/** An order's id is minted before its transaction commits: what was sent last says that much less of what came before. */
const MARGIN_MS = 10 * 60_000
const DAY_MS = 86_400_000

/** Holds the first event of the gap in the live configuration for as long as the gap is not closed. */
export const RECOVERING = 'recovering.from'

export type GapPorts = {
  connect: OffsetsPort & { config(name: string): Promise<ConnectorConfig | undefined> }
  capture: CapturePort
  /** Days of which the outbox keeps events, such as 20261124, oldest first. */
  days(): Promise<string[]>
  /** @throws StopProcess when the operator does not want it */
  confirm(what: string): Promise<void>
  print(line: string): void
}

/** `verdict`: what can be said once everything from `from` on has arrived. */
export type Gap = { from: bigint; verdict: string }

/** The first event of a gap that a recovery began to close and did not. */
export const unfinishedRecovery = (live: ConnectorConfig | undefined): bigint | undefined => {
  const from = live?.[RECOVERING]
  return from === undefined ? undefined : BigInt(from)
}

/**
 * @param since the first event to send again, as the operator says: no later than the gap begins, as far as that is known
 * @throws StopProcess when there is nothing to recover from, more is lost than can be sent again, nothing says where the gap
 * begins, `since` leaves out a part of it, or a slot that has lost nothing is to be dropped and nobody confirms that
 */
export async function chooseStart(connector: Connector, ports: GapPorts, since: bigint | undefined, nowMs: number): Promise<Gap> {
  const { name, config } = connector
  const unfinished = unfinishedRecovery(await ports.connect.config(name))
  const { offset, problems } = await readCapture(name, config, ports.capture, ports.connect)
  const problem = needsRecovery(problems)
  if (unfinished !== undefined) ports.print('a recovery did not finish: beginning it again')
  else if (problem !== undefined) ports.print(`${problem.name}: ${problem.what}`)
  const start = unfinished ?? (offset && firstTsidAt(offset.atMs - MARGIN_MS))
  const lost = unfinished !== undefined || problem !== undefined
  if (since === undefined && !lost) throw new StopProcess(nothingLost(name, start))
  if (start === undefined) {
    if (since !== undefined && !lost) await ports.confirm(dropping(connector, since))
    return unknownGap(name, since)
  }
  const oldest = droppedBefore(start, await ports.days(), nowMs)
  if (since === undefined) {
    if (oldest === undefined) return { from: start, verdict: 'the gap is closed' }
    throw new StopProcess(partGone(name, start, oldest))
  }
  const first = oldest === undefined ? start : firstTsidAt(Date.parse(oldest))
  if (since > first) throw new StopProcess(leavesOut(name, since, first, unfinished === undefined ? offset : undefined, lost))
  if (!lost) await ports.confirm(dropping(connector, since))
  const verdict =
    oldest === undefined
      ? 'the gap is closed'
      : `what the outbox keeps of the gap was sent; what was accepted from ${timeOf(start)} to ${oldest} (UTC day) and not sent is missing for good`
  return { from: since, verdict }
}

function unknownGap(name: string, since: bigint | undefined): Gap {
  if (since === undefined)
    throw new StopProcess(`nothing tells how far ${name} had come: name the first event or time to send again, FROM=…`, 2)
  return {
    from: since,
    verdict:
      `what was accepted from ${timeOf(since)} on was sent again. No stored offset told how far it had come, so ` +
      'events from before that time may be missing: make connect-reemit FROM=… TO=… WHY="…" sends those, too',
  }
}

/** The oldest day that the outbox keeps, such as 2026-11-24, when partitions of the gap were dropped. */
function droppedBefore(start: bigint, [oldest]: string[], nowMs: number): string | undefined {
  // No retention is below a day: a younger outbox never had an older partition.
  const dropped = oldest !== undefined && dayOf(start) < oldest && dayOf(start) < dayOf(firstTsidAt(nowMs - DAY_MS))
  return dropped ? oldest.replace(/(....)(..)(..)/, '$1-$2-$3') : undefined
}

const nothingLost = (name: string, start: bigint | undefined) =>
  `${name} has lost nothing: its slot is there and not ahead of what it has read. make connect-status tells what is the matter.\n` +
  'Only where the slot holds something that the connector can never read, such as an update of the outbox, is a new slot the way: ' +
  `make connect-recover FROM=${start === undefined ? '…' : timeOf(start)} YES=1 WHY="…"`

const partGone = (name: string, start: bigint, day: string) =>
  `${name}: the gap begins ${timeOf(start)}, and the outbox keeps no event before ${day} (UTC day): what was accepted between them ` +
  'and not sent cannot be sent again.\nThe table orders still has it. To go on without it, so that counts lack it for good: ' +
  `make connect-recover FROM=${day}T00:00:00Z WHY="…"`

const leavesOut = (name: string, since: bigint, first: bigint, offset: StoredOffset | undefined, lost: boolean) =>
  `${name} ${offset ? `has read up to ${timeText(offset.atMs)}` : 'began a recovery and did not finish it'}: FROM (${timeOf(since)}) ` +
  'would leave out events that may not have been sent.\nNothing was changed. Send them too: ' +
  `make connect-recover FROM=${timeOf(first)}${lost ? '' : ' YES=1'} WHY="…"`

const dropping = ({ name, config }: Connector, since: bigint) =>
  `This drops the slot ${wantedOf(config).slot}, though ${name} has lost nothing: what the slot holds back is not read any more. ` +
  `A new slot begins now, and what was accepted from ${timeOf(since)} on is sent again from the outbox.`

const timeText = (ms: number) => formatRfc3339(BigInt(ms) * 1000n)
const timeOf = (id: bigint) => timeText(tsidTime(id))
