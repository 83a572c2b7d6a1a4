// Schema compatibility from files alone. Exit code 0: compatible, 1: not, 2: could not check.
import { readFileSync, writeFileSync } from 'node:fs'
import { systemClock } from '@tally/platform/process/clock'
import { runCommand } from '@tally/platform/process/command'
import { StopProcess } from '@tally/platform/process/errors'
import { type Checked, checkRepository } from '#check/check-repository'
import { checkSchema } from '#check/check-schema'
import type { Finding } from '#check/finding'
import { annotation, findingText, junit } from '#check/finding-text'
import { gitBase } from '#check/git-base'
import type { SchemaFile } from '#check/read-schema'
import { askRegistry } from '#registry/ask-registry'
import { httpSubjects } from '#registry/subjects'
import { checkConfig } from './config.ts'

await runCommand(async () => {
  const config = checkConfig()
  let checked: Checked[]
  try {
    checked = check(config)
    if (config.SCHEMA_REGISTRY_URL && config.CANDIDATE === undefined) await askRegistry(checked, httpSubjects(config.SCHEMA_REGISTRY_URL))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    if (config.JSON) process.stdout.write(`${JSON.stringify({ compatible: null, error: why })}\n`)
    throw new StopProcess(`could not check: ${why}`, 2, { cause: error })
  }
  const findings = checked.flatMap((entry) => entry.findings)
  const names = checked.map(({ name }) => name)
  const fatal = findings.filter(({ severity }) => severity === 'error' || config.STRICT).length
  if (config.JUNIT) writeFileSync(config.JUNIT, junit(checked))
  if (config.JSON) process.stdout.write(`${JSON.stringify({ compatible: fatal === 0, checked: names, ...split(findings) })}\n`)
  else {
    for (const finding of findings) process.stdout.write(`${config.GITHUB_ACTIONS ? annotation(finding) : findingText(finding)}\n`)
    const verdict = fatal === 0 ? 'compatible' : `NOT compatible, ${fatal} ${fatal === 1 ? 'fault' : 'faults'}`
    process.stdout.write(`${names.join(', ')}: ${verdict}\n`)
  }
  return fatal === 0 ? 0 : 1
})

function check({ CANDIDATE, AGAINST, LEVEL, BASE }: ReturnType<typeof checkConfig>): Checked[] {
  if (CANDIDATE !== undefined) {
    return [{ name: CANDIDATE, findings: checkSchema({ ...read(CANDIDATE), level: LEVEL, versions: AGAINST.map(read) }) }]
  }
  const today = new Date(systemClock.now()).toISOString().slice(0, 10)
  return checkRepository(BASE === undefined ? undefined : gitBase(BASE), today)
}

function read(file: string): SchemaFile {
  return { file, text: readFileSync(file, 'utf8') }
}

function split(findings: Finding[]) {
  const of = (severity: Finding['severity']) => findings.filter((finding) => finding.severity === severity)
  return { errors: of('error'), warnings: of('warning') }
}
