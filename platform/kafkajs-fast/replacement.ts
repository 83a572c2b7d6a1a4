// One inner part of KafkaJS that is replaced.

export type Replacement = {
  /** Where it lies in the package. */
  module: string
  /** For people: what does not work as it should where the replacement is missing. */
  what: string
  install(): void
  /** Whether the module, as it was loaded, has the replacement. */
  isIn(inner: unknown): boolean
}

/** One that can be switched off. */
export type Switched = Replacement & {
  /** Puts KafkaJS's own back. */
  remove(): void
}
