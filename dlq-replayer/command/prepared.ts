// Dead letters that are made ready before a run: from a file, or by a patch.
import type { Planned } from './show-plan.ts'
import type { Request } from './start-run.ts'

export type Prepared = {
  /** What is open and selected now. */
  planned: Planned
  /** Letters that the run would be over, once they are put into their queues. */
  letters: number
  /** Said besides the plan. */
  lines: string[]
  /** For machines. */
  json: Record<string, unknown>
  /** What the audit keeps of it, besides the filter. */
  source: Record<string, string>
  /** What names the letters on the command line, besides the filter. */
  words: Record<string, string>
  /** Puts into the queues what is not in them yet; the plan of all of it. */
  put(request: Request): Promise<Planned>
  close(): Promise<void>
}
