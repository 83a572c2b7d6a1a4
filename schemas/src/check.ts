// Schema compatibility from files alone. Exit code 0: compatible, 1: not, 2: could not check.
import { readFileSync, writeFileSync } from 'node:fs'
import { runCommand } from '@tally/platform/command'
import { StopProcess } from '@tally/platform/errors'
import { type Checked, checkRepository } from './check-repository.ts'
import { checkSchema } from './check-schema.ts'
import { checkConfig } from './config.ts'
import type { Finding } from './finding.ts'
import { annotation, findingText, junit } from './finding-text.ts'
import { gitBase } from './git-base.ts'
import { NotJson, type SchemaFile } from './read-schema.ts'

await runCommand(async () => {
  const config = checkConfig()
  const checked = check(config)
  const findings = checked.flatMap((entry) => entry.findings)
  const fatal = findings.filter(({ severity }) => severity === 'error' || config.STRICT)
  if (config.JUNIT) writeFileSync(config.JUNIT, junit(checked))
  if (config.JSON)
    process.stdout.write(
      `${JSON.stringify({ compatible: fatal.length === 0, checked: checked.map(({ name }) => name), ...split(findings) })}\n`,
    )
  else {
    for (const finding of findings) process.stdout.write(`${config.GITHUB_ACTIONS ? annotation(finding) : findingText(finding)}\n`)
    process.stdout.write(
      `${checked.map(({ name }) => name).join(', ')}: ${fatal.length === 0 ? 'compatible' : `NOT compatible, ${fatal.length} ${fatal.length === 1 ? 'fault' : 'faults'}`}\n`,
    )
  }
  return fatal.length === 0 ? 0 : 1
})

function check({ CANDIDATE, AGAINST, LEVEL, BASE }: ReturnType<typeof checkConfig>): Checked[] {
  try {
    if (CANDIDATE === undefined) return checkRepository(BASE === undefined ? undefined : gitBase(BASE))
    return [{ name: CANDIDATE, findings: checkSchema({ ...read(CANDIDATE), level: LEVEL, versions: AGAINST.map(read) }) }]
  } catch (error) {
    throw error instanceof NotJson ? new StopProcess(`${error.message}\nNothing was checked.`, 2) : error
  }
}

function read(file: string): SchemaFile {
  try {
    return { file, text: readFileSync(file, 'utf8') }
  } catch (error) {
    throw new StopProcess(`cannot read ${file}: ${error instanceof Error ? error.message : error}\nNothing was checked.`, 2)
  }
}

function split(findings: Finding[]) {
  const of = (severity: Finding['severity']) => findings.filter((finding) => finding.severity === severity)
  return { errors: of('error'), warnings: of('warning') }
}
