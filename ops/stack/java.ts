// Finds the newest Java that is new enough: JAVA_HOME, PATH, /usr/lib/jvm.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { StackError } from './errors.ts'

export const MIN_JAVA = 21
const JVM_DIR = '/usr/lib/jvm'

export type Java = { path: string; version: number }

/** @throws StackError with the fix */
export function findJava(javaHome: string | undefined, path: string, jvmDir = JVM_DIR): Java {
  const found = javas(javaHome, path, jvmDir)
  const newest = found[0]
  if (newest && newest.version >= MIN_JAVA) return newest
  const seen = found.map(({ path, version }) => `${path} is ${version}`).join(', ')
  throw new StackError(
    `Java ${MIN_JAVA} or newer is needed for Kafka, Connect and the Schema Registry; ${seen || 'there is none'}.\n` +
      `Install one (on Debian or Ubuntu: apt-get install openjdk-${MIN_JAVA}-jre-headless, or Temurin), or set JAVA_HOME to one.`,
  )
}

/** Every Java on this machine, newest first. */
function javas(javaHome: string | undefined, path: string, jvmDir: string): Java[] {
  const candidates = [
    ...(javaHome ? [join(javaHome, 'bin/java')] : []),
    ...path.split(':').map((folder) => join(folder, 'java')),
    ...(existsSync(jvmDir) ? readdirSync(jvmDir).map((name) => join(jvmDir, name, 'bin/java')) : []),
  ]
  const real = new Set(candidates.filter((java) => existsSync(java)).map((java) => realpathSync(java)))
  const versioned = [...real].map((java) => ({ path: java, version: majorVersion(java) }))
  return versioned.sort((a, b) => b.version - a.version)
}

function majorVersion(java: string): number {
  const { stderr } = spawnSync(java, ['-version'], { encoding: 'utf8' })
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(stderr ?? '') ?? []
  return Number(first === '1' ? second : first) || 0
}
