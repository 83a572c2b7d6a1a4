// What this checkout changes becomes a version of its own: judged, planned against the registry, written into history/.
import { StopProcess } from '@tally/platform/process/errors'
import type { Checked } from '#check/check-repository'
import type { TopicWithSchema } from '#contract/files'
import { keepVersion, nextVersion, type PublishedSchema } from '#contract/history'
import { planPublication, type Subjects } from './publish-schemas.ts'

export type NewVersions = {
  topics: readonly TopicWithSchema[]
  /** Where history/ lies, ending in a slash; this repository's by default. */
  folder?: string
  /** The verdict of `make schema-check`. */
  check(): Checked[]
  subjects: Subjects
}

/**
 * Writes the new versions into history/ once the check and the registry both take them; returns what was written.
 * Publishing comes after: a version that is registered and not in history/ would be judged by nobody.
 * @throws StopProcess when one is refused, Unavailable when the registry does not answer
 */
export async function keepNewVersions({ topics, folder, check, subjects }: NewVersions): Promise<PublishedSchema[]> {
  const fresh = topics.flatMap((topic) => nextVersion(topic, folder) ?? [])
  if (fresh.length === 0) return []
  const faults = check().flatMap(({ name, findings }) => (findings.some(({ severity }) => severity === 'error') ? [name] : []))
  if (faults.length > 0) throw new StopProcess(`not published: ${faults.join(', ')} is not compatible. See: make schema-check`)
  const refused = (await planPublication(fresh, subjects)).flatMap((step) => (step.state === 'refused' ? [step.subject] : []))
  if (refused.length > 0) throw new StopProcess(`not published: the registry refuses ${refused.join(', ')}. See: make schema-diff`)
  for (const version of fresh) keepVersion(version)
  return fresh
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * A new version is for ever and for everyone: it comes from CI, where it was reviewed. One's own machine is for trying.
 * @throws StopProcess elsewhere
 */
export function checkPublisher(registryUrl: string, inCi: boolean): void {
  if (inCi || LOOPBACK.test(new URL(registryUrl).hostname)) return
  throw new StopProcess(
    `new versions reach ${registryUrl} from CI only: commit the schema and let CI run \`make schema-register\`, or set CI=true if this is CI.`,
  )
}
