// Watches the outbox's slot: while Kafka cannot take the events, new orders are shed before the slot is lost.
import { wait } from '@tally/platform/process/clock'
import type { Log } from '@tally/platform/process/log'
import type { Pressure, SlotReading } from './slot.ts'
import { budgetShare, slotPressure } from './slot.ts'

/** Undefined: there is no such slot. */
export type ReadSlot = () => Promise<SlotReading | undefined>

export type SlotWatch = {
  /** Why new orders are not taken right now; undefined: they are. */
  shedding(): string | undefined
  reading(): SlotReading | undefined
  stop(): Promise<void>
}

const EVERY_MS = 2_000

const MESSAGES: Record<Pressure, string> = {
  none: 'the slot of the outbox is within its budget',
  warn: 'the slot of the outbox has used half of its budget: is the connector running?',
  shed: 'new orders are refused until the connector has caught up: the slot of the outbox would be lost',
}

/** Reads now and every two seconds. While the database does not answer, the last reading holds. */
export function watchSlot(read: ReadSlot, log: Log, everyMs = EVERY_MS): SlotWatch {
  const stopping = new AbortController()
  let reading: SlotReading | undefined
  let pressure: Pressure = 'none'

  async function look(): Promise<void> {
    reading = await read().catch(() => reading)
    const before = pressure
    pressure = reading === undefined ? 'none' : slotPressure(reading)
    if (reading !== undefined && pressure !== before)
      log[pressure === 'shed' ? 'error' : 'warn']({ ...reading, share: budgetShare(reading) }, MESSAGES[pressure])
  }

  async function keepLooking(): Promise<void> {
    while (!stopping.signal.aborted) {
      await look()
      await wait(everyMs, stopping.signal)
    }
  }

  const ended = keepLooking()
  return {
    shedding: () => (pressure === 'shed' ? 'Orders cannot be passed on right now; new ones are taken again once they can.' : undefined),
    reading: () => reading,
    stop() {
      stopping.abort()
      return ended
    },
  }
}
