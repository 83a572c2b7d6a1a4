// All services of one stack: started in parallel as far as dependencies allow, stopped in the reverse order.
import type { Settings } from './config.ts'
import type { Call } from './control.ts'
import { startOrder, unknownService, users } from './dependencies.ts'
import { StackError } from './errors.ts'
import type { Recorded } from './leftovers.ts'
import type { Plan } from './plan.ts'
import { readPlan } from './plan.ts'
import type { Unit, UnitStatus } from './unit.ts'
import { unit } from './unit.ts'

export type Fleet = ReturnType<typeof fleet>

/**
 * `up` and `each` must not run at once: each would start a process of the same service. `down` may come at any time.
 * @param recordProcesses told about every process that runs, whenever one begins or ends
 */
export function fleet(recordProcesses: (processes: Recorded[]) => void) {
  const units = new Map<string, Unit>()
  const closing = new AbortController()
  let plan: Plan | undefined

  function changed(): void {
    recordProcesses(
      [...units.values()].flatMap(({ spec, running }) => {
        const process = running()
        if (process === undefined) return []
        const { name, stopSignal = 'SIGTERM', stopGraceMs } = spec
        return [{ name, pid: process.pid, started: process.started, stopSignal, stopGraceMs }]
      }),
    )
  }

  /** The unit of a service; one whose description changed is stopped and replaced. */
  async function unitOf(name: string, from: Plan): Promise<Unit> {
    const spec = from.spec(name)
    const present = units.get(name)
    if (present && JSON.stringify(present.spec) === JSON.stringify(spec)) return present
    await present?.stop()
    const made = unit(spec, changed)
    units.set(name, made)
    return made
  }

  async function up(settings: Settings, env: Record<string, string | undefined>, names: string[], profiles: string[], call: Call) {
    const next = readPlan(settings, env)
    const order = startOrder(next.services, names, profiles)
    plan = next
    const abort = AbortSignal.any([call.gone, closing.signal])
    const faults: string[] = []
    const starts = new Map<string, Promise<boolean>>()
    for (const name of order) {
      const needed = Object.keys(next.services[name]?.dependsOn ?? {}).map((other) => starts.get(other))
      starts.set(
        name,
        Promise.all(needed).then(async (ready) => {
          if (abort.aborted || ready.includes(false)) return false
          const began = performance.now()
          try {
            const service = await unitOf(name, next)
            await service.ensure(abort)
            const seconds = ((performance.now() - began) / 1_000).toFixed(1)
            call.say(`  ${name.padEnd(18)} ${service.spec.probe ? 'ready' : 'done'} after ${seconds} s`)
            return true
          } catch (error) {
            const text = error instanceof StackError ? error.message : String((error as Error).stack)
            faults.push(text.startsWith(name) ? text : `${name}: ${text}`)
            return false
          }
        }),
      )
    }
    const reached = await Promise.all(starts.values())
    const waiting = order.filter((name, i) => !reached[i] && !faults.some((fault) => fault.startsWith(name)))
    if (abort.aborted)
      throw new StackError('given up: another command stops the stack (make down, or Ctrl-C of the make up that started it)')
    if (faults.length === 0) return
    const held = waiting.length > 0 ? `\nnot started, since they depend on it: ${waiting.join(', ')}` : ''
    throw new StackError(`\n${faults.join('\n')}${held}\nWhat did start goes on (make status); make down stops it.`)
  }

  /** Names of those that did not drain. */
  async function down(say: (line: string) => void): Promise<string[]> {
    closing.abort()
    const stops = new Map<string, Promise<void>>()
    const undrained: string[] = []
    const stop = (name: string): Promise<void> => {
      const begun = stops.get(name)
      if (begun) return begun
      const after = plan ? users(plan.services, name).filter((other) => units.has(other)) : []
      const stopped = Promise.all(after.map(stop)).then(async () => {
        const service = units.get(name)
        const ran = service?.running() !== undefined
        const began = performance.now()
        const fault = await service?.stop()
        if (fault) undrained.push(name)
        if (ran) say(`  ${name.padEnd(18)} ${fault ?? 'stopped'} (${((performance.now() - began) / 1_000).toFixed(1)} s)`)
      })
      stops.set(name, stopped)
      return stopped
    }
    await Promise.all([...units.keys()].map(stop))
    return undrained
  }

  function named(name: string): Unit {
    const found = units.get(name)
    if (found) return found
    if (plan && plan.services[name] === undefined) throw unknownService(name, plan.services)
    throw new StackError(`${name} was not started in this stack: make up S=${name}`)
  }

  async function each(verb: 'start' | 'stop' | 'restart', names: string[], call: Call): Promise<void> {
    const chosen = names.map(named)
    for (const service of chosen) {
      const fault = verb === 'stop' || verb === 'restart' ? await service.stop() : undefined
      if (fault) call.say(`${service.spec.name}: ${fault}`)
      if (verb === 'start' || verb === 'restart') await service.ensure(AbortSignal.any([call.gone, closing.signal]))
      call.say(`${service.spec.name}: ${DONE[verb]}`)
    }
  }

  async function kill(names: string[], call: Call): Promise<void> {
    for (const service of names.map(named)) {
      await service.kill()
      call.say(`${service.spec.name}: killed; the stack restarts it`)
    }
  }

  return {
    up,
    down,
    each,
    kill,
    environment: (name: string): Record<string, string> => {
      if (plan === undefined) throw new StackError('the stack is still starting')
      if (plan.services[name] === undefined) throw unknownService(name, plan.services)
      return plan.spec(name).environment
    },
    anythingRuns: () => [...units.values()].some((service) => service.alive()),
    status: (): Promise<UnitStatus[]> => Promise.all([...units.values()].map((service) => service.status())),
  }
}

const DONE = {
  start: 'is ready',
  stop: 'stopped; it stays down until started',
  restart: 'is ready again',
}
