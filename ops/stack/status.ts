// What `make status` prints.
import { systemClock } from '@tally/platform/process/clock'
import type { Settings } from './config.ts'
import type { UnitStatus } from './unit.ts'

/** 0 when everything that was started is ready or done. */
export function showStatus({ stack, portOffset }: Settings, units: UnitStatus[], json: boolean): number {
  const fine = units.length > 0 && units.every(isFine)
  if (json) {
    process.stdout.write(`${JSON.stringify({ stack, ready: fine, services: units })}\n`)
    return fine ? 0 : 1
  }
  if (units.length === 0) process.stdout.write(`the stack "${stack}" is not up\n`)
  else process.stdout.write(`${table(units, stack, portOffset)}\n`)
  return fine ? 0 : 1
}

const isFine = ({ state, why }: UnitStatus) => state === 'done' || (state === 'ready' && why === undefined)

function table(units: UnitStatus[], _stack: string, _portOffset: number): string {
  const rows = units.map(({ name, state, pid, restarts, since, ports, why }) => [
    name,
    state === 'ready' && why !== undefined ? 'not ready' : state,
    age(since),
    String(restarts),
    pid === undefined ? '' : String(pid),
    ports.join(' '),
    why ?? '',
  ])
  const all = [['SERVICE', 'STATE', 'SINCE', 'RESTARTS', 'PID', 'PORTS', 'WHY'], ...rows]
  const widths = all[0]?.map((_cell, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? []
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function age(since: number): string {
  const seconds = Math.round((systemClock.now() - since) / 1_000)
  return seconds < 120 ? `${seconds} s` : seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}
