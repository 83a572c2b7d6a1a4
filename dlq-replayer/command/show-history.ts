// HISTORY=1: who did what to which letters, when and why.

import { EXIT } from '#ledger/outcome'
import { meansQueue } from '#letters/filter'
import { parseFilter } from '#letters/filter-words'
import type { Command, Tools } from './command.ts'
import { historyText } from './history-text.ts'
import { noQueueLines } from './queues-text.ts'
import { runJson } from './run-text.ts'

const LATEST = 20

/** Shows what the filter's TOPIC, SINCE and UNTIL leave, the latest MAX of it. */
export async function showHistory(
  { filter: words, run: id, json, name }: Command,
  { dlqs, audit, clock, terminal }: Tools,
): Promise<number> {
  const { runs, refused } = await audit.refresh()
  const filter = parseFilter(words, clock.now())
  for (const line of noQueueLines(filter, dlqs)) terminal.note(line)
  const queues = new Set(dlqs.filter((dlq) => meansQueue(filter, dlq)).map((dlq) => dlq.name))
  const means = (of: string, { at, dlq }: { at: number; dlq: string }) =>
    (id === undefined || of === id) &&
    (filter.topics === undefined || queues.has(dlq)) &&
    at >= (filter.since ?? 0) &&
    at < (filter.until ?? Number.POSITIVE_INFINITY)
  const all = [
    ...[...runs.values()].filter((run) => means(run.id, run)).map((run) => ({ at: run.at, run })),
    ...[...refused.values()].filter((entry) => means(entry.run, entry)).map((refusal) => ({ at: refusal.at, refusal })),
  ].sort((a, b) => a.at - b.at)
  const shown = all.slice(-(filter.max ?? (json ? all.length : LATEST)))
  const view = {
    runs: shown.flatMap((entry) => ('run' in entry ? [entry.run] : [])),
    refused: shown.flatMap((entry) => ('refusal' in entry ? [entry.refusal] : [])),
  }
  if (json) {
    const refusals = view.refused.map(({ kind: _, run, at, ...rest }) => ({ id: run, at: new Date(at).toISOString(), ...rest }))
    terminal.out(JSON.stringify({ runs: view.runs.map(runJson), refused: refusals }))
  } else {
    terminal.out(historyText({ ...view, older: all.length - shown.length, command: name }))
  }
  return shown.length === 0 ? EXIT.nothingMatched : EXIT.done
}
