// history/SUBJECT/N.avsc holds every published version, for ever. What is not in it is not published.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StopProcess } from '@tally/platform/process/errors'
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

/** The version that this checkout's schema of a topic would become; undefined when it is the newest published one. */
export function nextVersion(topic: TopicWithSchema, folder = FOLDER): PublishedSchema | undefined {
  const subject = subjectOf(topic)
  const versions = publishedVersions(subject, folder)
  const schema = schemaOf(topic)
  if (versions.at(-1)?.schema === schema) return undefined
  const version = versions.length + 1
  return { subject, version, path: `${folder}${subject}/${version}.avsc`, schema }
}

/**
 * Writes a version's file; one that is there is never touched.
 * @throws StopProcess where the checkout cannot be written
 */
export function keepVersion({ path, schema }: PublishedSchema): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, schema, { flag: 'wx' })
  } catch (error) {
    throw new StopProcess(
      `${path} cannot be written (${error instanceof Error ? error.message : error}), so nothing was published: run this where the repository is checked out.`,
      1,
      { cause: error },
    )
  }
}

/**
 * The versions of a topic's subject, the newest being what this checkout writes.
 * @throws StopProcess when the checkout's schema is not the newest published one
 */
export function publishedFor(topic: TopicWithSchema, folder = FOLDER): PublishedSchema[] {
  const next = nextVersion(topic, folder)
  if (next === undefined) return publishedVersions(subjectOf(topic), folder)
  throw new StopProcess(
    `the schema of ${topic} is not published: it is not the newest version in history/${next.subject}.\n` +
      'Check it (make schema-check), publish it (make schema-register, in CI), and commit the file that it writes into history/.',
  )
}
