// Judges a candidate against published versions, by the levels of a schema registry.
import { type Incompatibility, resolve } from '#avro/resolution'
import type { Schema } from '#avro/schema'

export const LEVELS = ['BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE'] as const
export type Level = (typeof LEVELS)[number]

/** backward: the candidate reads what the version wrote; forward: the version reads what the candidate writes. */
export type Direction = 'backward' | 'forward'

/** `version` counts from 0, the oldest. */
export type Break = Incompatibility & { direction: Direction; version: number }

/** Every fault, the newest version first; empty when the candidate may be published. */
export function judge(candidate: Schema, versions: Schema[], level: Level): Break[] {
  const newestFirst = versions.map((schema, version) => ({ schema, version })).reverse()
  const against = level.endsWith('_TRANSITIVE') ? newestFirst : newestFirst.slice(0, 1)
  const faults = (direction: Direction) =>
    against.flatMap(({ schema, version }) => {
      const [reader, writer] = direction === 'backward' ? [candidate, schema] : [schema, candidate]
      return resolve(reader, writer).map((fault) => ({ ...fault, direction, version }))
    })
  return [...(level.startsWith('FORWARD') ? [] : faults('backward')), ...(level.startsWith('BACKWARD') ? [] : faults('forward'))]
}
