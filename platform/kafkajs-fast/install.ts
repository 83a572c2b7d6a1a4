// Replaces inner parts of KafkaJS, once a process, and looks whether that took effect. Nothing outside this room touches them.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ends } from './ends.ts'
import { fetch } from './fetch.ts'
import { pendingTimer } from './pending-timer.ts'
import { produceBatches } from './produce.ts'
import type { Replacement, Switched } from './replacement.ts'

const load = createRequire(import.meta.url)

/** What KafkaJS gets wrong, or cannot do: null header values, the end of a log. These are always there. */
const NEEDED: readonly Replacement[] = [ends, pendingTimer, produceBatches]
/** What it only does slowly. */
const FASTER: readonly Switched[] = [fetch]

let isFast = true

/**
 * Safe to repeat, and to repeat otherwise. What is replaced is so for the whole process.
 * @param fast false: what is only slow in KafkaJS is left to it; undefined: as it is
 * @returns what did not take effect, each with what to do; empty: all did
 */
export function install(fast = isFast): string[] {
  isFast = fast
  for (const replacement of NEEDED) replacement.install()
  for (const replacement of FASTER) fast ? replacement.install() : replacement.remove()
  return faultsIn(copiesOf(Object.keys(load.cache)), fast ? [...NEEDED, ...FASTER] : NEEDED)
}

/** Folders of the copies of KafkaJS among loaded files: two of them when packages were installed with versions of their own. */
export const copiesOf = (files: readonly string[]): string[] =>
  files.filter((file) => file.endsWith(join('/kafkajs', 'index.js')) && file.includes('node_modules')).map(dirname)

export function faultsIn(copies: readonly string[], wanted: readonly Replacement[] = [...NEEDED, ...FASTER]): string[] {
  return copies.flatMap((folder) => {
    const missing = wanted.filter(({ module, isIn }) => !isIn(load(join(folder, module)))).map(({ what }) => what)
    if (missing.length === 0) return []
    const which = copies.length > 1 ? `, one of ${copies.length} copies` : ''
    return [`KafkaJS in ${folder}${which}, is used as it is: ${missing.join(', ')} is not replaced. Install one copy: npm ci`]
  })
}
