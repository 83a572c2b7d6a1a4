// Findings for people, for machines and for a code review's margin.
import type { Finding } from './finding.ts'

/** Several lines: where, what, who breaks, what would mend it. */
export function findingText({ severity, type, path, message, file, line, against, change, breaks, fix, direction }: Finding): string {
  const lines = [`${file}:${line}: ${severity} ${type} at ${path === '' ? '/' : path}: ${message}`]
  if (change) lines.push(`    change: ${change}`)
  if (breaks) lines.push(`    breaks: ${breaks} (${direction}, against ${against})`)
  if (fix) lines.push(`    fix: ${fix}`)
  return lines.join('\n')
}

/** A GitHub annotation, shown beside the line. */
export function annotation({ severity, type, file, line, message, breaks, fix }: Finding): string {
  const text = [message, breaks, fix].filter(Boolean).join('. ')
  return `::${severity} file=${file},line=${line},title=${type}::${escaped(text)}`
}

const escaped = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

/** A JUnit report with one case for each schema. */
export function junit(checked: { name: string; findings: Finding[] }[]): string {
  const cases = checked.map(({ name, findings }) => {
    const failures = findings
      .filter(({ severity }) => severity === 'error')
      .map((finding) => `<failure type="${xml(finding.type)}" message="${xml(finding.message)}">${xml(findingText(finding))}</failure>`)
    return `<testcase classname="schemas" name="${xml(name)}">${failures.join('')}</testcase>`
  })
  const failed = checked.filter(({ findings }) => findings.some(({ severity }) => severity === 'error')).length
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="schema-check" tests="${checked.length}" failures="${failed}">${cases.join('')}</testsuite>\n`
}

const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
