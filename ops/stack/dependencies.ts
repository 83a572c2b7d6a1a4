// Which services are wanted, and in which order they start; stopping is the reverse.
import type { Services } from './compose-file.ts'
import { StackError } from './errors.ts'

/**
 * The named services and everything they depend on, dependencies first. Without names: all services that need no
 * profile, or one of `profiles`.
 */
export function startOrder(services: Services, names: string[], profiles: string[]): string[] {
  for (const name of names) {
    if (services[name] === undefined) throw unknownService(name, services)
  }
  const all = Object.entries(services).filter(([, { profiles: own }]) => own.length === 0 || own.some((one) => profiles.includes(one)))
  const order: string[] = []
  const path: string[] = []
  const visit = (name: string) => {
    if (order.includes(name)) return
    if (path.includes(name)) throw new StackError(`compose.yaml: services depend on each other: ${[...path, name].join(' → ')}`)
    path.push(name)
    for (const other of Object.keys(services[name]?.dependsOn ?? {})) visit(other)
    path.pop()
    order.push(name)
  }
  for (const name of names.length > 0 ? names : all.map(([name]) => name)) visit(name)
  return order
}

/**
 * Services that use `name`, so that they are to stop before it: those that depend on it, and those whose environment names
 * its address, as they do with what is optional. Where two use each other neither waits.
 */
export function users(services: Services, name: string): string[] {
  return Object.keys(services).filter((other) => uses(services, other).includes(name) && !reaches(services, name, other))
}

function uses(services: Services, name: string): string[] {
  const { dependsOn = {}, environment = {} } = services[name] ?? {}
  const values = Object.values(environment)
  const named = (other: string) => values.some((value) => new RegExp(`(?<![\\w.-])${RegExp.escape(other)}:\\d`).test(value))
  return Object.keys(services).filter((other) => other !== name && (dependsOn[other] !== undefined || named(other)))
}

function reaches(services: Services, from: string, to: string, seen = new Set<string>()): boolean {
  if (from === to) return true
  if (seen.has(from)) return false
  seen.add(from)
  return uses(services, from).some((next) => reaches(services, next, to, seen))
}

export const unknownService = (name: string, services: Services) =>
  new StackError(`there is no service "${name}"; there are: ${Object.keys(services).join(', ')}`)
