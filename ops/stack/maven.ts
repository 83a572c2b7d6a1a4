// Maven as a fetcher: jars and archives at the versions of pom.xml into a folder.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './config.ts'
import { StackError } from './errors.ts'
import { runCommand } from './run-command.ts'

const mvn = (...goal: string[]) => {
  if (spawnSync('mvn', ['-v']).error) {
    throw new StackError('Maven is missing: it fetches Kafka, Debezium and the registry. On Debian or Ubuntu: apt-get install maven')
  }
  return runCommand(['mvn', '-q', '-B', '-f', join(root, 'ops/stack/pom.xml'), ...goal])
}

/** The whole class path of pom.xml. */
export const copyJars = (into: string) => mvn('dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${into}`)

/** @param artifact group:artifact:version:type:classifier */
export const copyArchive = (artifact: string, into: string) => mvn('dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${into}`)
