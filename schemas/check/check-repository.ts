// Checks this repository's own schemas: each against all of its history, its base branch and the house rules.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileOf, schemaOf, TOPICS_WITH_SCHEMA } from '#contract/files'
import { publishedVersions } from '#contract/history'
import { subjectOf } from '#contract/topics'
import { checkSchema } from './check-schema.ts'
import type { Finding } from './finding.ts'
import type { GitBase } from './git-base.ts'
import { levelOf } from './levels.ts'
import { lintSchema } from './lint-schema.ts'
import { readSchema, type SchemaFile } from './read-schema.ts'
import { parseWaivers, waive } from './waivers.ts'

const FOLDER = fileURLToPath(new URL('../', import.meta.url))
const shown = (path: string) => relative(fileURLToPath(new URL('../../', import.meta.url)), path)

export type Checked = { name: string; findings: Finding[] }

/**
 * One entry for each subject, one for history/ when there is a base to compare it with, one for waivers that hold no more.
 * @param today such as 2026-11-24
 */
export function checkRepository(base: GitBase | undefined, today: string): Checked[] {
  const checked = TOPICS_WITH_SCHEMA.map((topic) => {
    const subject = subjectOf(topic)
    const file: SchemaFile = { file: shown(`${FOLDER}${fileOf(topic)}`), text: schemaOf(topic) }
    const versions = publishedVersions(subject).map(({ path, schema }) => ({ file: shown(path), text: schema }))
    const onBase = base?.files.get(fileOf(topic))
    if (onBase !== undefined && !versions.some(({ text }) => text === onBase))
      versions.push({ file: `${file.file} of ${base?.commit}`, text: onBase })
    return { name: subject, findings: [...checkSchema({ ...file, subject, level: levelOf(subject), versions }), ...lint(file)] }
  })
  const waivers = parseWaivers(readFileSync(`${FOLDER}waivers.json`, 'utf8'))
  const idle = { name: 'waivers', findings: waive(checked, waivers, today, shown(`${FOLDER}waivers.json`)) }
  const history = base ? [{ name: 'history/', findings: changedHistory(base) }] : []
  return [...checked, ...history, ...(idle.findings.length > 0 ? [idle] : [])]
}

function lint(file: SchemaFile): Finding[] {
  const read = readSchema(file)
  if (!('schema' in read)) return []
  return lintSchema(read.schema).map(({ at, ...found }) => ({
    severity: 'error',
    path: at,
    file: file.file,
    line: read.lineOf(at),
    ...found,
  }))
}

/** Published versions are for ever: records written with them lie in topics. */
function changedHistory({ commit, files }: GitBase): Finding[] {
  const before = [...files].filter(([name]) => name.startsWith('history/'))
  return before.flatMap(([name, text]) => {
    if (readIfThere(`${FOLDER}${name}`) === text) return []
    return [
      {
        severity: 'error' as const,
        type: 'HISTORY_CHANGED',
        path: '/',
        message: `a published version was changed or removed since ${commit}`,
        file: shown(`${FOLDER}${name}`),
        line: 1,
        fix: `git checkout ${commit} -- schemas/${name}, and add a new version beside it`,
      },
    ]
  })
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
