// Faults accepted on purpose, for a while: what a waiver covers passes, one that has expired or covers nothing fails.
import { z } from 'zod'
import type { Finding } from './finding.ts'

const waiver = z.strictObject({
  subject: z.string().min(1),
  rule: z.string().min(1),
  path: z.string(),
  reason: z.string().min(10),
  owner: z.string().min(1),
  /** The last day on which it holds. */
  expires: z.iso.date(),
})

export type Waiver = z.infer<typeof waiver>

/** @throws Error naming what is wrong in the file */
export function parseWaivers(text: string): Waiver[] {
  const parsed = z.array(waiver).safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
}

/**
 * Takes out what is waived, and adds a fault for each waiver that has expired or covers nothing.
 * @param today such as 2026-11-24
 * @param file where the waivers stand
 */
export function waive(checked: { name: string; findings: Finding[] }[], waivers: Waiver[], today: string, file: string): Finding[] {
  const used = new Set<Waiver>()
  for (const entry of checked) {
    entry.findings = entry.findings.filter(({ type, path }) => {
      const covering = waivers.find(({ subject, rule, path: of }) => subject === entry.name && rule === type && of === path)
      if (covering) used.add(covering)
      return covering === undefined || covering.expires < today
    })
  }
  const fault = (type: string, { subject, rule, path }: Waiver, message: string, fix: string): Finding => ({
    severity: 'error',
    type,
    path,
    message: `${subject} ${rule}: ${message}`,
    file,
    line: 1,
    fix,
  })
  return waivers.flatMap((entry) => {
    if (entry.expires < today)
      return [
        fault(
          'WAIVER_EXPIRED',
          entry,
          `held until ${entry.expires} (${entry.owner}: ${entry.reason})`,
          'mend the schema, or renew the waiver',
        ),
      ]
    return used.has(entry) ? [] : [fault('WAIVER_UNUSED', entry, 'covers nothing any more', 'take it out')]
  })
}
