// What the runner adds to an image of compose.yaml: the local command and the readiness probe, nothing else.
import type { Tools } from '../tools.ts'

/** A service of compose.yaml, with its addresses and folders already those of this machine. */
export type Context = {
  name: string
  command: string[]
  environment: Record<string, string>
  /** The loopback port of a container's port. */
  port(target: number): number
  /** The local folder of a path within a mounted volume. */
  folder(target: string): string
  /** A text with container addresses, such as a configuration file, with those of this machine. */
  local(text: string): string
  /** A folder for files the command needs besides its volumes. */
  scratch: string
  tools: Tools
}

/** Undefined = ready, else why not. */
export type Probe = () => Promise<string | undefined>

export type Local = {
  argv: string[]
  environment: Record<string, string>
  cwd: string
  /** Runs as nobody when the runner is root. */
  unprivileged?: boolean
  stopSignal?: NodeJS.Signals
  /** Before each start; its output goes to the service's log. */
  prepare?(run: (argv: string[]) => Promise<void>): Promise<void>
  /** After it is stopped for good: removes what a killed process left outside its folders. */
  sweep?(): Promise<void>
  /** A service without a probe is a job: it is done when it exits with 0. */
  probe?: Probe
}

export type Image = (context: Context) => Local
