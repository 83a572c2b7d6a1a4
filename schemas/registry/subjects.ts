// Subjects over the plain Confluent API, so that any registry speaking it will do.
import { StopProcess, Unavailable } from '@tally/platform/process/errors'
import type { Subjects } from './publish-schemas.ts'

const TIMEOUT_MS = 10_000

type Answer = { status: number; body: { id?: number; is_compatible?: boolean; compatibilityLevel?: string; message?: string } }

/** @param url base of the API, e.g. http://127.0.0.1:8081/apis/ccompat/v7 */
export function httpSubjects(url: string): Subjects {
  async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
    let response: Response
    try {
      response = await fetch(`${url}${path}`, {
        method,
        headers: { 'Content-Type': 'application/vnd.schemaregistry.v1+json', Accept: 'application/json' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
    } catch (error) {
      const why = error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error)
      throw new Unavailable(`the schema registry at ${url} does not answer: ${why}. \`make status\` shows whether it runs.`, {
        cause: error,
      })
    }
    const text = await response.text()
    if (response.status >= 500) throw new Unavailable(`the schema registry at ${url} answers ${response.status}: ${text.slice(0, 300)}`)
    try {
      return { status: response.status, body: JSON.parse(text) }
    } catch {
      throw new Unavailable(
        `the schema registry at ${url} answers ${response.status} with something other than JSON: is the address right?`,
      )
    }
  }

  /** The answer's body; undefined for 404. */
  async function read(method: string, path: string, body?: unknown): Promise<Answer['body'] | undefined> {
    const answer = await ask(method, path, body)
    if (answer.status === 404) return undefined
    if (answer.status >= 400)
      throw new StopProcess(`the schema registry refused ${method} ${path} (${answer.status}): ${answer.body.message}`)
    return answer.body
  }

  const of = (subject: string) => `/subjects/${encodeURIComponent(subject)}`
  const content = (schema: string) => ({ schema, schemaType: 'AVRO' })

  return {
    find: async (subject, schema) => (await read('POST', of(subject), content(schema)))?.id,
    async accepts(subject, schema) {
      const answer = await read('POST', `/compatibility${of(subject)}/versions?verbose=true`, content(schema))
      return answer === undefined || answer.is_compatible === true
    },
    async register(subject, schema) {
      const id = (await read('POST', `${of(subject)}/versions`, content(schema)))?.id
      if (id === undefined) throw new StopProcess(`the schema registry gave no id for ${subject}`)
      return id
    },
    level: async (subject) => (await read('GET', `/config/${encodeURIComponent(subject)}`))?.compatibilityLevel,
    async setLevel(subject, level) {
      await read('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility: level })
    },
  }
}
