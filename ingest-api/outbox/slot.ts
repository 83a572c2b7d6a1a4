// The outbox's replication slot holds WAL back until Kafka has it. Past its budget PostgreSQL drops the slot, and with it events.

/** `budgetBytes` undefined: PostgreSQL keeps WAL without limit. */
export type SlotReading = { walStatus: string; retainedBytes: number; budgetBytes: number | undefined }

export type Pressure = 'none' | 'warn' | 'shed'

const WARN_SHARE = 0.5
const SHED_SHARE = 0.8

/** Share of the budget in use; 0 without a budget. */
export const budgetShare = ({ retainedBytes, budgetBytes }: SlotReading): number => (budgetBytes ? retainedBytes / budgetBytes : 0)

/** Whether new orders may go on. Shed before the slot is lost; `unreserved` and `lost` mean it is as good as gone. */
export function slotPressure(reading: SlotReading): Pressure {
  if (reading.walStatus === 'lost' || reading.walStatus === 'unreserved') return 'shed'
  const share = budgetShare(reading)
  return share >= SHED_SHARE ? 'shed' : share >= WARN_SHARE ? 'warn' : 'none'
}
