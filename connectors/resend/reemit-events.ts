// Sends a range of events again: signals an incremental snapshot, watches it arrive, and counts it against the rows.
import { type Clock, wait } from '@tally/platform/process/clock'
import { StopProcess } from '@tally/platform/process/errors'
import { dayOf, type EventRange, rangeText } from './event-range.ts'

export type Outbox = {
  /** Rows of the range. */
  count(range: EventRange): Promise<number>
  /** Days that have a partition of their own, such as 20261124, oldest first. */
  days(): Promise<string[]>
  /** Asks the connector to send the range; the row stays, as the record of who asked for it and why. */
  signal(id: string, range: EventRange, why: string): Promise<void>
}

/** Ids of the range that came to the topic since `watchEvents` was called. */
export type Arrivals = { arrived(): Promise<number> }

export type ReemitPorts = { outbox: Outbox; watchEvents(range: EventRange): Promise<Arrivals>; clock: Clock; print(line: string): void }

type Options = {
  signalId: string
  why: string | undefined
  /** How long nothing may arrive: a large range takes as long as it takes. */
  deadlineMs: number
  pollMs?: number
  /** Of a range reaching back beyond what is kept, send what there is; nothing in it is fine. */
  whatThereIs?: boolean
}

/**
 * Ends when as many events arrived as rows exist. Consumers that have seen them ignore them.
 * @throws StopProcess without a reason, for a range that is not kept any more, and when nothing arrived for `deadlineMs`
 */
export async function reemitEvents(
  range: EventRange,
  ports: ReemitPorts,
  { signalId, why, deadlineMs, pollMs = 500, whatThereIs = false }: Options,
): Promise<number> {
  const { outbox, watchEvents, clock, print } = ports
  const reason = requireWhy(why)
  const [oldest] = await outbox.days()
  if (oldest !== undefined && dayOf(range.from) < oldest && !whatThereIs) {
    throw new StopProcess(
      `events before ${oldest} (UTC day) are not kept in the outbox: FROM has to be that day or later.\nAsked for: ${rangeText(range)}`,
    )
  }
  const rows = await outbox.count(range)
  if (rows === 0 && whatThereIs) {
    print(`no event was accepted from ${rangeText(range)}`)
    return 0
  }
  if (rows === 0) throw new StopProcess(`the outbox has no event from ${rangeText(range)}: nothing to send`, 3)
  print(`sending ${rows} events again, ${rangeText(range)}`)
  const arrivals = await watchEvents(range)
  await outbox.signal(signalId, range, reason)
  let before = 0
  let deadline = clock.now() + deadlineMs
  for (;;) {
    const arrived = await arrivals.arrived()
    // From the last progress: a range too large for one deadline would never end, since repeating begins it again.
    if (arrived > before) deadline = clock.now() + deadlineMs
    before = arrived
    if (arrived >= rows) {
      print(`${rows} of ${rows} events arrived again (signal ${signalId})`)
      return rows
    }
    if (clock.now() >= deadline) {
      throw new StopProcess(
        `${arrived} of ${rows} events arrived, then none for ${Math.round(deadlineMs / 1000)} s (signal ${signalId}).\n` +
          'Does the connector run? make connect-status; what it says: make logs S=connect. Repeating the command is safe.',
      )
    }
    await wait(pollMs)
  }
}

/** @throws StopProcess (exit code 2) when nobody said why */
export function requireWhy(why: string | undefined): string {
  if (why) return why
  throw new StopProcess('WHY is missing: it is kept with the signal, for whoever asks later. Repeat the command with WHY="…"', 2)
}
