// Errors are routing decisions: their class tells the consume loop what to do with a record.

/** The record can never be handled: it is dead-lettered at once. `reason` is a short, stable word such as `undecodable`. */
export class InvalidMessage extends Error {
  override name = 'InvalidMessage'
  readonly reason: string
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** Thrown by a handler that finds some records of its slice invalid. Nothing of the slice has been applied. */
export class RejectedRecords extends Error {
  override name = 'RejectedRecords'
  readonly faults: ReadonlyMap<bigint, InvalidMessage>
  /** @param faults the offset of each invalid record and what is wrong with it */
  constructor(faults: ReadonlyMap<bigint, InvalidMessage>) {
    super(`${faults.size} records rejected`)
    this.faults = faults
  }
}

/** Something the handler needs (broker, registry, database, disk) is away: wait, never dead-letter. */
export class Unavailable extends Error {
  override name = 'Unavailable'
}

/** The handler's own position is not where the slice starts: seek there. Nothing of the slice has been applied. */
export class OutOfPosition extends Error {
  override name = 'OutOfPosition'
  readonly nextOffset: bigint
  constructor(nextOffset: bigint) {
    super(`the stored position is ${nextOffset}`)
    this.nextOffset = nextOffset
  }
}

/** Ends the process with `exitCode`; the message tells the way back. */
export class StopProcess extends Error {
  override name = 'StopProcess'
  readonly exitCode: number
  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** What went wrong in words, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
