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

/** Services that depend on `name` directly. */
export function dependents(services: Services, name: string): string[] {
  return Object.keys(services).filter((other) => services[other]?.dependsOn[name] !== undefined)
}

export const unknownService = (name: string, services: Services) =>
  new StackError(`there is no service "${name}"; there are: ${Object.keys(services).join(', ')}`)
