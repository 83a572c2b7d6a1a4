// The state that the entries of the audit topic add up to. Everybody who folds the same entries agrees.

import { positionText } from '#letters/letter'
import type { Place, Positions, Range } from '#letters/positions'
import { addPositions, addRanges, removePositions, sizeOf, split } from '#letters/positions'
import type { Action, Control, Ending, Entry, Sending, SettledLetters, Started } from './entry.ts'
import type { Outcome, Tally } from './outcome.ts'
import { addToTally, emptyTally, isFinal } from './outcome.ts'
import type { Recent } from './recent.ts'
import { addToRecent } from './recent.ts'

export type Run = Omit<Started, 'kind' | 'run'> & {
  id: string
  action: Action
  /** A cancelled run waits for the outcome of what went out, then ends. */
  state: 'running' | 'paused' | 'cancelling' | 'ended'
  how?: Ending
  /** Why it does not send for now; empty when it does. */
  note: string
  lastAt: number
  /** Who paused, resumed or cancelled it, when, and why where it was said. */
  controls: Control[]
  tally: Tally
  /** The latest outcomes since it began or was resumed. */
  recent: Recent
  /** New letters of this run that were replayed too often and parked. */
  parked: number
  /** Only while the run is open: what it works on, what of it has an outcome, and what was noted before each cut. */
  selection: Positions
  settled: Positions
  sending: Map<number, Sending>
}

export type QueueLedger = {
  /** Letters that never come up again as open. */
  final: Positions
  counts: Partial<Record<Outcome, number>>
  /** Letters given up on: final, unless an engineer puts them back. */
  parked: Positions
  /** Open letters that were put back: they may be replayed once more. */
  unparked: Positions
  /** Letters whose replay had no known outcome, by `partition/offset`: the run. They stay open. */
  unknown: Map<string, string>
}

export type Ledger = {
  runs: Map<string, Run>
  /** Runs that were not let in: another one was open on their queue. */
  refused: Map<string, Started & { by: string }>
  queues: Map<string, QueueLedger>
  /** Selections whose run has not started yet. */
  selections: Map<string, Positions>
}

export const emptyLedger = (): Ledger => ({ runs: new Map(), refused: new Map(), queues: new Map(), selections: new Map() })

export function queueOf(ledger: Ledger, dlq: string): QueueLedger {
  const queue = ledger.queues.get(dlq) ?? { final: new Map(), counts: {}, parked: new Map(), unparked: new Map(), unknown: new Map() }
  ledger.queues.set(dlq, queue)
  return queue
}

export const openRuns = (ledger: Ledger): Run[] => [...ledger.runs.values()].filter(({ state }) => state !== 'ended')

/** Adds one entry; one that a broker got twice changes nothing. The topic has one partition, so its order decides which of two runs on a queue was first. */
export function applyEntry(ledger: Ledger, entry: Entry): void {
  if (entry.kind === 'selected') {
    const positions = ledger.selections.get(entry.run) ?? new Map()
    addRanges(positions, entry.ranges)
    ledger.selections.set(entry.run, positions)
    return
  }
  if (entry.kind === 'started') {
    start(ledger, entry)
    return
  }
  const run = ledger.runs.get(entry.run)
  if (entry.kind === 'settled' && mayStillSettle(run)) settleInQueue(ledger, entry)
  if (run === undefined || run.state === 'ended') return
  run.lastAt = entry.at
  if (entry.kind === 'paused' || entry.kind === 'resumed' || entry.kind === 'cancelled') run.controls.push(entry)
  if (entry.kind === 'settled') settleInRun(run, entry)
  else if (entry.kind === 'sending') run.sending.set(entry.cut, entry)
  else if (entry.kind === 'noted') run.note = entry.text
  else if (entry.kind === 'paused') run.state = run.state === 'cancelling' ? run.state : 'paused'
  else if (entry.kind === 'resumed') resume(run)
  else if (entry.kind === 'ended') end(run, entry.how)
  else run.state = 'cancelling'
}

/** What became of a replay may be known only after its run. A decision that comes after its run was cancelled is none. */
const mayStillSettle = (run: Run | undefined): boolean => run === undefined || run.state !== 'ended' || run.action === 'replay'

function start(ledger: Ledger, entry: Started): void {
  const { kind: _, run: id, ...about } = entry
  const selection = ledger.selections.get(id) ?? new Map()
  ledger.selections.delete(id)
  if (ledger.runs.has(id)) return
  const other = openRuns(ledger).find(({ dlq }) => dlq === entry.dlq)
  if (other !== undefined) {
    ledger.refused.set(id, { ...entry, by: other.id })
    return
  }
  const open = { selection, settled: new Map(), sending: new Map(), recent: [] }
  ledger.runs.set(id, { ...about, id, state: 'running', note: '', lastAt: entry.at, controls: [], tally: emptyTally(), parked: 0, ...open })
}

/** Whoever resumes it has seen why it was paused. */
function resume(run: Run): void {
  if (run.state === 'cancelling') return
  run.state = 'running'
  run.recent = []
}

function end(run: Run, how: Ending): void {
  run.state = 'ended'
  run.how = how
  run.note = ''
  run.recent = []
  run.selection = new Map()
  run.settled = new Map()
  run.sending = new Map()
}

function settleInQueue(ledger: Ledger, { dlq, run, letters }: SettledLetters): void {
  const queue = queueOf(ledger, dlq)
  for (const settled of letters) {
    const { outcome } = settled
    if (outcome === 'unparked') for (const range of split(settled, queue.parked).inside) unpark(queue, range)
    else for (const range of split(settled, queue.final).outside) settleRange(queue, range, outcome, run)
  }
}

function settleRange(queue: QueueLedger, range: Range, outcome: Outcome, run: string): void {
  if (!isFinal(outcome)) {
    for (const place of placesIn(range)) queue.unknown.set(positionText(place), run)
    return
  }
  add(queue.final, range)
  removePositions(queue.unparked, range)
  if (outcome === 'parked') add(queue.parked, range)
  queue.counts[outcome] = (queue.counts[outcome] ?? 0) + sizeOf([range])
  if (queue.unknown.size > 0) for (const place of placesIn(range)) queue.unknown.delete(positionText(place))
}

function unpark(queue: QueueLedger, range: Range): void {
  removePositions(queue.parked, range)
  removePositions(queue.final, range)
  add(queue.unparked, range)
  queue.counts.parked = (queue.counts.parked ?? 0) - sizeOf([range])
}

function settleInRun(run: Run, { letters }: SettledLetters): void {
  for (const settled of letters) {
    const { inside, outside } = split(settled, run.selection)
    if (settled.outcome === 'parked') run.parked += sizeOf(outside)
    const fresh = inside.flatMap((range) => split(range, run.settled).outside)
    addRanges(run.settled, fresh)
    if (fresh.length === 0) continue
    addToTally(run.tally, settled, sizeOf(fresh))
    addToRecent(run.recent, settled, sizeOf(fresh))
  }
}

const add = (positions: Positions, { partition, from, next }: Range) => addPositions(positions, partition, from, next)

function* placesIn({ partition, from, next }: Range): Generator<Place> {
  for (let offset = from; offset < next; offset += 1n) yield { partition, offset }
}
