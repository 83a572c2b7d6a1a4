// history/SUBJECT/N.avsc holds every published version, for ever. What is not in it is not published.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { StopProcess } from '@tally/platform/errors'
import { schemaOf, type TopicWithSchema } from './files.ts'
import { subjectOf } from './topics.ts'

export type PublishedSchema = { subject: string; version: number; path: string; schema: string }

const FOLDER = fileURLToPath(new URL('../history/', import.meta.url))

/**
 * Published versions of a subject, oldest first.
 * @throws StopProcess when a version between is missing
 */
export function publishedVersions(subject: string, folder = FOLDER): PublishedSchema[] {
  const own = `${folder}${subject}/`
  const numbers = (existsSync(own) ? readdirSync(own) : [])
    .filter((name) => /^\d+\.avsc$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b)
  return numbers.map((version, index) => {
    if (version !== index + 1)
      throw new StopProcess(`history/${subject}/${index + 1}.avsc is missing: restore it from git, published versions stay for ever`)
    const path = `${own}${version}.avsc`
    return { subject, version, path, schema: readFileSync(path, 'utf8') }
  })
}

/**
 * The versions of a topic's subject, the newest being what this checkout writes.
 * @throws StopProcess when the checkout's schema is not the newest published one
 */
export function publishedFor(topic: TopicWithSchema, folder = FOLDER): PublishedSchema[] {
  const subject = subjectOf(topic)
  const versions = publishedVersions(subject, folder)
  if (versions.at(-1)?.schema === schemaOf(topic)) return versions
  const next = `history/${subject}/${versions.length + 1}.avsc`
  throw new StopProcess(
    `the schema of ${topic} is not published: it is not the newest version in history/${subject}.\n` +
      `Check it (make schema-check), copy it to schemas/${next}, commit both, and register again.`,
  )
}
