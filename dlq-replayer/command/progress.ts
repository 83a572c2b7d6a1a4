// How far a long look is: one line that is written over on a terminal, else a line every five seconds.
import type { Clock } from '@tally/platform/process/clock'
import type { Run } from '#ledger/ledger'
import { age, COLUMNS, fit, number } from '#letters/text'
import type { Terminal } from '#ports'
import { progressLine } from './run-text.ts'

const LINE_EVERY_MS = 5_000
const BAR_EVERY_MS = 200
const BAR_COLUMNS = 20

export type Progress = { show(done: number, total: number): void; end(): void }

/** `what` is counted, in the plural. */
export function progressOf(what: string, terminal: Terminal, clock: Clock): Progress {
  const began = clock.now()
  let shownAt = began
  return {
    show(done, total) {
      const now = clock.now()
      if (now - shownAt < (terminal.interactive ? BAR_EVERY_MS : LINE_EVERY_MS)) return
      shownAt = now
      const text = progressText(what, done, total, now - began)
      if (terminal.interactive) terminal.over(fit(`${bar(done / total)} ${text}`, COLUMNS - 1))
      else terminal.note(text)
    },
    end() {
      if (terminal.interactive && shownAt > began) terminal.over('')
    },
  }
}

/** Of runs: what changes beside the numbers is always told. */
export function runProgress(terminal: Terminal, clock: Clock): { show(run: Run): void; end(): void } {
  const told = new Map<string, { at: number; mark: string }>()
  return {
    show(run) {
      const now = clock.now()
      const last = told.get(run.id)
      const mark = `${run.state} ${run.note}`
      if (terminal.interactive) return terminal.over(fit(progressLine(run, now), COLUMNS - 1))
      if (last !== undefined && last.mark === mark && now - last.at < LINE_EVERY_MS) return
      told.set(run.id, { at: now, mark })
      terminal.note(progressLine(run, now))
    },
    end() {
      if (terminal.interactive) terminal.over('')
    },
  }
}

export function progressText(what: string, done: number, total: number, tookMs: number): string {
  const rate = done / Math.max(0.001, tookMs / 1000)
  return `${number(done)} of ${number(total)} ${what}, ${number(Math.round(rate))}/s, ${age(((total - done) / rate) * 1000)} to go`
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, share) * BAR_COLUMNS)
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_COLUMNS - full)}]`
}
