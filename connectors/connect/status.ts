// What Connect says of a running connector, judged and told.

export type Worked = { state: string; worker_id: string; trace?: string | undefined }

export type ConnectorStatus = { name: string; connector: Worked; tasks: (Worked & { id: number })[] }

/** On purpose, by a command: not a fault, but not running either. */
export const isHeld = ({ connector }: ConnectorStatus): boolean => connector.state === 'PAUSED' || connector.state === 'STOPPED'

/** The connector and at least one task run, and no task does not. */
export const isRunning = ({ connector, tasks }: ConnectorStatus): boolean =>
  connector.state === 'RUNNING' && tasks.length > 0 && tasks.every(({ state }) => state === 'RUNNING')

/** The trace of the first thing that failed; an empty text when it left none. */
export function failure({ connector, tasks }: ConnectorStatus): string | undefined {
  const failed = [connector, ...tasks].find(({ state }) => state === 'FAILED')
  return failed && (failed.trace ?? '')
}

/** Debezium prints whole objects in its messages; what is wrong stands at both ends. */
const LONGEST = 400

/** The line of a Java trace that tells most: its innermost cause. */
export function rootCause(trace: string): string {
  const lines = trace.split('\n').filter((line) => line !== '' && !/^\s/.test(line))
  const cause = lines.findLast((line) => line.startsWith('Caused by: ')) ?? lines[0] ?? 'it left no trace: see the worker log'
  const text = cause.replace(/^Caused by: /, '').replace(/^(?:[\w$]+\.)+([\w$]+): /, '$1: ')
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST / 2)} […] ${text.slice(-LONGEST / 2)}`
}

/** @param whole the full trace instead of its root cause */
export function statusText(status: ConnectorStatus, whole = false): string {
  const line = (name: string, { state, worker_id, trace }: Worked) => {
    const why = trace ? `\n    ${whole ? trace.trimEnd().replaceAll('\n', '\n    ') : rootCause(trace)}` : ''
    return `${name.padEnd(20)} ${state.padEnd(10)} worker ${worker_id}${why}`
  }
  const tasks = status.tasks.map((task) => line(`  task ${task.id}`, task))
  if (tasks.length === 0) tasks.push('  no task')
  return [line(status.name, status.connector), ...tasks].join('\n')
}
