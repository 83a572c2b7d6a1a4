// What a person is told: what happened, why, and what to do next.

/** A fault to be shown as its message alone, without a stack trace. */
export class StackError extends Error {
  override name = 'StackError'
  readonly exitCode: number
  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
