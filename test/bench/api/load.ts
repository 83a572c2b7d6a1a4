// The load generator, a process of its own: `load.ts JSON` with a Load; prints one Measured a phase as JSON.
import { setTimeout as delay } from 'node:timers/promises'
import { requestFor } from './requests.ts'
import type { Latency } from './statistics.ts'
import { latencyOf } from './statistics.ts'
import type { Connection } from './wire.ts'
import { openConnection } from './wire.ts'

/** `perSecond`: open loop, requests are due on time whatever became of earlier ones; without it each connection waits for its answer. */
export type Phase = { seconds: number; perSecond?: number }

export type Load = { port: number; apiKey: string; connections: number; linesPerRequest: number; phases: Phase[] }

/** `accepted`: orders acknowledged within the phase. Latencies in milliseconds, in open loop from when the request was due.
 * `windows`: a quarter of a second each. */
export type Measured = {
  seconds: number
  accepted: number
  refused: number
  statuses: Record<string, number>
  answered: Latency
  refusals: Latency
  windows: { refused: number; p99: number }[]
}

const WINDOW_MS = 250
/** Connections are opened some at a time: a server's queue of new ones is short, and what does not fit is tried again after a second. */
const OPENED_AT_ONCE = 64

type Answer = { status: number; accepted: number; from: number; to: number }

const { port, apiKey, connections, linesPerRequest, phases } = JSON.parse(process.argv[2] ?? '{}') as Load
let sent = 0

const open = () =>
  openConnection(port, (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  })

function send(connection: Connection, from: number, done: (answer: Answer) => void): void {
  connection.send(requestFor(apiKey, sent++, linesPerRequest), (status, text) => {
    const accepted = linesPerRequest === 1 ? Number(status === 201) : text.split('"status":201').length - 1
    done({ status, accepted, from, to: performance.now() })
  })
}

async function closedLoop(idle: Connection[], seconds: number): Promise<Answer[]> {
  const answers: Answer[] = []
  const until = performance.now() + seconds * 1000
  await Promise.all(
    idle.map(
      (connection) =>
        new Promise<void>((resolve) => {
          const next = () =>
            send(connection, performance.now(), (answer) => {
              answers.push(answer)
              if (answer.to < until) next()
              else resolve()
            })
          next()
        }),
    ),
  )
  return answers
}

/** Resolves when the last request was due; its `answers` when the last answer is there. */
async function openLoop(idle: Connection[], perSecond: number, seconds: number, began: number): Promise<{ answers: Promise<Answer[]> }> {
  const answers: Answer[] = []
  const due: number[] = []
  const total = Math.round(perSecond * seconds)
  let finished = () => {}
  const all = new Promise<void>((resolve) => {
    finished = resolve
  })
  const serve = (connection: Connection) => {
    const from = due.shift()
    if (from === undefined) idle.push(connection)
    else
      send(connection, from, (answer) => {
        answers.push(answer)
        if (answers.length === total) finished()
        serve(connection)
      })
  }
  for (let n = 0; n < total; ) {
    for (const now = performance.now(); n < total && began + (n * 1000) / perSecond <= now; n += 1) {
      due.push(began + (n * 1000) / perSecond)
      // The one idle longest: the server closes those that stay silent.
      const connection = idle.shift()
      if (connection) serve(connection)
    }
    await delay(1)
  }
  return { answers: all.then(() => answers) }
}

function measured(answers: Answer[], began: number, seconds: number): Measured {
  const statuses: Record<string, number> = {}
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1
  const of = (kind: (answer: Answer) => boolean) => answers.filter(kind)
  const refused = of(({ status }) => status === 503 || status === 429)
  const latencies = (some: Answer[]) => latencyOf(some.map(({ from, to }) => to - from))
  const windows = Array.from({ length: Math.ceil((seconds * 1000) / WINDOW_MS) }, (_, n) => {
    const within = of(({ from }) => Math.floor((from - began) / WINDOW_MS) === n)
    return { refused: within.filter(({ status }) => status === 503 || status === 429).length, p99: latencies(within).p99 }
  })
  return {
    seconds,
    accepted: of(({ to }) => to <= began + seconds * 1000).reduce((sum, { accepted }) => sum + accepted, 0),
    refused: refused.length,
    statuses,
    answered: latencies(of(({ status }) => status < 300)),
    refusals: latencies(refused),
    windows,
  }
}

const idle: Connection[] = []
while (idle.length < connections)
  idle.push(...(await Promise.all(Array.from({ length: Math.min(OPENED_AT_ONCE, connections - idle.length) }, open))))
const results: Promise<Measured>[] = []
// Phases follow each other without a pause; what is still under way belongs to the phase in which it was due.
for (const { seconds, perSecond } of phases) {
  const began = performance.now()
  if (perSecond === undefined) {
    const answers = await closedLoop(idle, seconds)
    results.push(Promise.resolve(measured(answers, began, (performance.now() - began) / 1000)))
  } else {
    const { answers } = await openLoop(idle, perSecond, seconds, began)
    results.push(answers.then((all) => measured(all, began, seconds)))
  }
}
process.stdout.write(`${JSON.stringify(await Promise.all(results))}\n`)
process.exit(0)
