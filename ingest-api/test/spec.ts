// Holds answers against the API's own description.
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { openapi } from '../http/openapi.ts'

type Described = { headers: Record<string, { $ref: string }>; content: Record<string, { schema: object }> }
type Operation = { responses: Record<string, Described> }

const ajv = new Ajv2020({ strict: false, allErrors: true })
formats.default(ajv)
ajv.addSchema(openapi, 'openapi')

const templates = Object.entries(openapi.paths).map(([path, operations]) => ({
  path,
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
  operations: operations as unknown as Record<string, Operation>,
}))

type Schema = Parameters<typeof ajv.compile>[0]
const validators = new Map<string, ReturnType<typeof ajv.compile>>()

/** Compiled once: the compiler keeps whatever it was given. */
function validatorOf($ref: string) {
  const validate = validators.get($ref) ?? ajv.compile({ $ref: `openapi${$ref}` } as Schema)
  validators.set($ref, validate)
  return validate
}

/**
 * Throws when an answer is not as described: its status, its required headers or its body. What no operation describes
 * (other methods, other paths) may be a page, or a problem as everywhere.
 */
export function expectDescribed(method: string, url: string, status: number, headers: Headers, text: string): void {
  const path = url.split('?')[0] ?? ''
  const mediaType = headers.get('content-type')?.split(';')[0] ?? ''
  const template = templates.find(({ path: exact }) => exact === path) ?? templates.find(({ pattern }) => pattern.test(path))
  const operation = template?.operations[method === 'HEAD' ? 'get' : method.toLowerCase()]
  const where = `${method} ${template?.path ?? path} ${status}`
  if (!headers.has('X-Request-Id')) throw new Error(`${where} lacks the header X-Request-Id`)
  if (operation === undefined) {
    if (template !== undefined && ![401, 405, 429, 503].includes(status)) throw new Error(`${where} is not described`)
    if (status >= 400 && method !== 'HEAD') expectProblemBody(text)
    return
  }
  const described = operation.responses[status]
  if (described === undefined) throw new Error(`${where} is not described`)
  for (const name of requiredHeaders(described)) if (!headers.has(name)) throw new Error(`${where} lacks the header ${name}`)
  const content = described.content[mediaType]
  if (content === undefined) throw new Error(`${where} is not described as ${mediaType}`)
  if (method === 'HEAD') return
  const bodies = mediaType === 'application/x-ndjson' ? text.trimEnd().split('\n') : [text]
  const validate = validatorOf((content.schema as { $ref: string }).$ref)
  for (const body of bodies)
    if (!validate(JSON.parse(body))) throw new Error(`${where}: ${ajv.errorsText(validate.errors)}: ${body.slice(0, 500)}`)
}

/** A request whose answer is held against the description; its text comes with it. */
export async function fetchDescribed(base: string, path: string, init: RequestInit = {}): Promise<{ answer: Response; text: string }> {
  const answer = await fetch(`${base}${path}`, init)
  const text = await answer.text()
  expectDescribed(init.method ?? 'GET', path, answer.status, answer.headers, text)
  return { answer, text }
}

const requiredHeaders = (described: Described) =>
  Object.entries(described.headers).flatMap(([name, { $ref }]) => {
    const header = openapi.components.headers[$ref.split('/').at(-1) ?? '']
    return header?.required === true ? [name] : []
  })

/** Tells whether a value is as the schema of that name says. */
export const describedAs = (name: string): ((value: unknown) => boolean) => validatorOf(`#/components/schemas/${name}`)

/** The body of a problem that no operation describes. @throws when it is not as the schema of problems says */
export function expectProblemBody(text: string): { type: string; requestId: string } {
  const body: { type: string; requestId: string } = JSON.parse(text)
  if (!describedAs('Problem')(body)) throw new Error(`this is no problem: ${text.slice(0, 500)}`)
  return body
}
