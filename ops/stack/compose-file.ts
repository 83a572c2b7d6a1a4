// compose.yaml as this runner understands it: a key it neither uses nor knows to be meaningless here is refused.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { StackError } from './errors.ts'
import { interpolateAll } from './interpolate.ts'

export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully'

export type Service = {
  image: string
  /** What stands before the image's own program, which is the last word of Compose's `entrypoint`. */
  wrapper: string[]
  command: string[]
  environment: Record<string, string>
  /** published on this machine → port in the container */
  ports: { published: number; target: number }[]
  volumes: { source: string; target: string }[]
  dependsOn: Record<string, Condition>
  restart: string
  profiles: string[]
  stopGraceMs: number
  /** How long it may take to become ready. */
  startMs: number
}

export type Services = Record<string, Service>

const DEFAULT_STOP_GRACE_MS = 10_000
const DEFAULT_START_MS = 60_000
const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Used below, and meaningless without containers. */
const TOP = { used: ['services', 'volumes'], idle: ['name', 'configs'] }
const SERVICE = {
  used: [
    'image',
    'entrypoint',
    'command',
    'environment',
    'ports',
    'volumes',
    'depends_on',
    'restart',
    'profiles',
    'stop_grace_period',
    'healthcheck',
  ],
  idle: ['build', 'init', 'shm_size', 'user', 'read_only', 'tmpfs', 'cap_drop', 'security_opt', 'mem_limit', 'pull_policy', 'logging'],
}
const HEALTHCHECK = { used: ['start_period'], idle: ['test', 'interval', 'timeout', 'retries', 'start_interval'] }
const DEPENDENCY = { used: ['condition'], idle: [] }

type Node = Record<string, unknown>
type Variable = (name: string, otherwise?: string) => string | undefined

/** Reads, interpolates and checks the file. */
export function readCompose(path: string, variable: Variable): Services {
  return composeServices(parse(readFileSync(path, 'utf8'), { merge: true }) as Node, variable)
}

/** @throws StackError naming the first thing that is not understood */
export function composeServices(document: Node, variable: Variable): Services {
  const file = interpolateAll(document, variable)
  refuseUnknown(file, TOP, 'the top level')
  const services = Object.entries((file.services ?? {}) as Record<string, Node>)
  // Without a prototype: names come from whoever types a command, and none but a service's may be found.
  const parsed: Services = Object.create(null)
  for (const [name, node] of services) parsed[name] = service(name, node)
  for (const [name, { dependsOn }] of Object.entries(parsed)) {
    for (const other of Object.keys(dependsOn)) {
      if (parsed[other] === undefined) throw new StackError(`compose.yaml: ${name} depends on ${other}, which is not there`)
    }
  }
  return parsed
}

function refuseUnknown(node: Node, { used, idle }: { used: string[]; idle: string[] }, where: string): void {
  const unknown = Object.keys(node).filter((key) => !used.includes(key) && !idle.includes(key) && !key.startsWith('x-'))
  if (unknown.length === 0) return
  throw new StackError(
    `compose.yaml: ${where} has ${unknown.map((key) => `"${key}"`).join(', ')}, which ops/stack neither uses nor knows to be meaningless` +
      ' without containers. Teach it in ops/stack/compose-file.ts, or leave the key out.',
  )
}

function service(name: string, node: Node): Service {
  refuseUnknown(node, SERVICE, `service ${name}`)
  const healthcheck = (node.healthcheck ?? {}) as Node
  refuseUnknown(healthcheck, HEALTHCHECK, `the health check of ${name}`)
  return {
    image: String(node.image ?? ''),
    wrapper: strings(node.entrypoint).slice(0, -1),
    command: typeof node.command === 'string' ? node.command.split(/\s+/) : strings(node.command),
    environment: environment(name, node.environment ?? {}),
    ports: strings(node.ports).map((port) => publishedPort(name, port)),
    volumes: strings(node.volumes).map((volume) => {
      const [source = '', target = ''] = volume.split(':')
      return { source, target }
    }),
    dependsOn: dependencies(name, node.depends_on ?? {}),
    restart: String(node.restart ?? 'no'),
    profiles: strings(node.profiles),
    stopGraceMs: node.stop_grace_period === undefined ? DEFAULT_STOP_GRACE_MS : durationMs(String(node.stop_grace_period)),
    startMs: healthcheck.start_period === undefined ? DEFAULT_START_MS : durationMs(String(healthcheck.start_period)),
  }
}

const strings = (node: unknown): string[] => (Array.isArray(node) ? node.map(String) : [])

function environment(name: string, node: unknown): Record<string, string> {
  if (Array.isArray(node)) throw new StackError(`compose.yaml: write the environment of ${name} as a mapping`)
  return Object.fromEntries(Object.entries(node as Node).map(([key, value]) => [key, String(value ?? '')]))
}

function publishedPort(name: string, text: string): { published: number; target: number } {
  const match = /^127\.0\.0\.1:(\d+):(\d+)$/.exec(text)
  if (match === null) throw new StackError(`compose.yaml: the port "${text}" of ${name} is not 127.0.0.1:PUBLISHED:TARGET`)
  return { published: Number(match[1]), target: Number(match[2]) }
}

function dependencies(name: string, node: unknown): Record<string, Condition> {
  if (Array.isArray(node)) return Object.fromEntries(node.map((other) => [String(other), 'service_started' as const]))
  return Object.fromEntries(
    Object.entries(node as Record<string, Node>).map(([other, dependency]) => {
      refuseUnknown(dependency, DEPENDENCY, `the dependency of ${name} on ${other}`)
      return [other, (dependency.condition ?? 'service_started') as Condition]
    }),
  )
}

/** Milliseconds of a Compose duration such as `1m30s`. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) throw new StackError(`compose.yaml: "${text}" is not a duration`)
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0)
}
