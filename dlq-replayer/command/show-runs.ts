// What runs there are, and the words that pause, resume and cancel them.

import type { Control } from '#ledger/entry'
import { EXIT } from '#ledger/outcome'
import type { Command, Tools } from './command.ts'
import { controlRuns } from './control-run.ts'
import { runJson, runText, statusText } from './run-text.ts'

export async function showStatus({ run: id, json, name }: Command, { audit, clock, terminal }: Tools): Promise<number> {
  const ledger = await audit.refresh()
  const runs = id === undefined ? [...ledger.runs.values()] : [...ledger.runs.values()].filter((run) => run.id === id)
  if (id !== undefined && runs.length === 0) {
    terminal.note(`There is no run ${id}. All runs: ${name} STATUS=1`)
    return EXIT.nothingMatched
  }
  if (json) terminal.out(JSON.stringify({ runs: runs.map(runJson) }))
  else terminal.out(id === undefined ? statusText(ledger, clock.now(), name) : runs.map((run) => runText(run, name)).join('\n'))
  return EXIT.done
}

export async function tellRuns(
  kind: Control['kind'],
  { run, who, why, json, name }: Command,
  { audit, clock, terminal }: Tools,
): Promise<number> {
  const told = await controlRuns({ kind, who, ...(why !== undefined && { why }) }, run, audit, clock)
  if (json) terminal.out(JSON.stringify({ runs: told.map(runJson) }))
  else if (told.length === 0) terminal.out(run === undefined ? 'No run is open.' : `Run ${run} is not open. All runs: ${name} STATUS=1`)
  else terminal.out(told.map(({ id }) => `Run ${id} is ${kind}. See: ${name} STATUS=1`).join('\n'))
  return told.length === 0 ? EXIT.nothingMatched : EXIT.done
}
