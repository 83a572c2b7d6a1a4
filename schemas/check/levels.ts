// The compatibility level of every subject, in one place.
import type { Level } from './compatibility.ts'

/** Every change can be read both ways against every published version: services and records of all ages mix. */
const DEFAULT: Level = 'FULL_TRANSITIVE'

/** Subjects with a level of their own. A weaker one needs a decision under docs/decisions/. */
const SUBJECTS: Record<string, Level> = {}

export const levelOf = (subject: string): Level => SUBJECTS[subject] ?? DEFAULT
