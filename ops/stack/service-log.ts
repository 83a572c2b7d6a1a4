// One log file per service: appended to over restarts, set aside when it is large.
import { closeSync, fstatSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'

const MAX_BYTES = 20_000_000

export type OpenLog = { fd: number; from: number; close(): void }

/** Opens for appending; `from` is where this start's output begins. */
export function openLog(path: string): OpenLog {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(path, `${path}.1`)
  const fd = openSync(path, 'a', 0o644)
  return { fd, from: fstatSync(fd).size, close: () => closeSync(fd) }
}

/** Marks an event of the runner in the log. */
export const mark = ({ fd }: OpenLog, text: string): void => {
  writeSync(fd, `-- ${text}\n`)
}

/** The last lines from byte `from` on. */
export function lastLines(path: string, count: number, from = 0): string[] {
  try {
    const text = readFileSync(path).subarray(from).toString('utf8')
    return text.split('\n').filter(Boolean).slice(-count)
  } catch {
    return []
  }
}

/** What a JSON log line says; any other line as it is. */
export function readable(line: string): string {
  try {
    const { time, msg, err } = JSON.parse(line) as { time?: string; msg?: string; err?: { stack?: string } }
    return msg === undefined ? line : [time, msg, err?.stack && `\n      ${err.stack.replaceAll('\n', '\n  ')}`].filter(Boolean).join(' ')
  } catch {
    return line
  }
}
