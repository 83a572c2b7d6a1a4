// What a verb of the command line is given.
import type { Settings } from './config.ts'

export type Command = {
  settings: Settings
  names: string[]
  /** What follows `--`. */
  argv: string[]
  profile: string[]
  follow: boolean
  lines: string
  json: boolean
}
