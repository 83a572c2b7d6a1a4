// The JVM flags and property files that the Kafka and Debezium images derive from their environment.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from './image.ts'

/** `java` with the flags of the given variables, and with what keeps a local JVM from leaving files behind. */
export function java({ tools, environment, scratch }: Context, flagVariables: string[]): string[] {
  const flags = flagVariables.flatMap((name) => (environment[name] ?? '').split(' ').filter(Boolean))
  return [tools.java(), ...flags, '-XX:-UsePerfData', `-Djava.io.tmpdir=${scratch}`]
}

/**
 * Classes as the program parsed them the last time it ended by itself: half the start-up time and CPU (Connect 3.6 → 1.4 s,
 * broker 2.8 → 1.7 s, registry 7.1 → 3.1 s). Java checks that they fit, writes them anew when not, and does without until then.
 */
export const keptClasses = ({ tools, name }: Context): string[] => [
  '-XX:+AutoCreateSharedArchive',
  `-XX:SharedArchiveFile=${tools.classes(name)}`,
]

/** The class path and logging of everything that comes with Kafka. */
export const kafkaFlags = ({ tools }: Context): string[] => [
  `-Dlog4j2.configurationFile=${tools.file('images/log4j2.properties')}`,
  '-cp',
  join(tools.kafka(), '*'),
]

/** `PREFIX_A_B` → `a.b`, `PREFIX_A__B` → `a_b`, `PREFIX_A___B` → `a-b`: the rule of the apache/kafka image. */
export function properties(environment: Record<string, string>, prefix: string, except: string[]): Record<string, string> {
  const named = Object.entries(environment).filter(([key]) => key.startsWith(prefix) && !except.includes(key))
  return Object.fromEntries(
    named.map(([key, value]) => [
      key
        .slice(prefix.length)
        .toLowerCase()
        .replace(/___|__|_/g, (run) => ({ ___: '-', __: '_' })[run] ?? '.'),
      value,
    ]),
  )
}

/** Writes a properties file, readable by its owner alone; returns its path. */
export function writeProperties(folder: string, name: string, entries: Record<string, string>): string {
  const path = join(folder, name)
  const lines = Object.entries(entries).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}`)
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 })
  return path
}
