// One thing that is wrong with a schema, ready to be shown: where, which rule, who breaks, what would mend it.

export type Severity = 'error' | 'warning'

export type Finding = {
  severity: Severity
  /** Avro's own name of the rule, or one of this checker's. */
  type: string
  /** Pointer within the reader, as Avro's Java library gives it. */
  path: string
  message: string
  file: string
  line: number
  direction?: 'backward' | 'forward'
  /** The version it clashes with, counted from 0, and its file. */
  version?: number
  against?: string
  change?: string
  breaks?: string
  fix?: string
}
