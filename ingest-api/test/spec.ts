// Holds answers against the API's own description.
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { openapi } from '../src/openapi.ts'

type Described = { headers: Record<string, unknown>; content: Record<string, { schema: object }> }
type Operation = { responses: Record<string, Described> }

const ajv = new Ajv2020({ strict: false, allErrors: true })
formats.default(ajv)
ajv.addSchema(openapi, 'openapi')

const templates = Object.entries(openapi.paths).map(([path, operations]) => ({
  path,
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
  operations: operations as unknown as Record<string, Operation>,
}))

/** Throws when an answer of a described path is not described: its status, its required headers or its body. */
export function expectDescribed(method: string, url: string, status: number, headers: Headers, text: string): void {
  const path = url.split('?')[0] ?? ''
  const template = templates.find(({ path: exact }) => exact === path) ?? templates.find(({ pattern }) => pattern.test(path))
  const operation = template?.operations[method.toLowerCase()]
  if (operation === undefined) return
  const where = `${method} ${template?.path} ${status}`
  const described = operation.responses[status]
  if (described === undefined) throw new Error(`${where} is not described`)
  for (const name of Object.keys(described.headers)) if (!headers.has(name)) throw new Error(`${where} lacks the header ${name}`)
  const mediaType = headers.get('content-type')?.split(';')[0] ?? ''
  const content = described.content[mediaType]
  if (content === undefined) throw new Error(`${where} is not described as ${mediaType}`)
  const bodies = mediaType === 'application/x-ndjson' ? text.trimEnd().split('\n') : [text]
  const { $ref } = content.schema as { $ref: string }
  const validate = ajv.compile({ $ref: `openapi${$ref}` })
  for (const body of bodies)
    if (!validate(JSON.parse(body))) throw new Error(`${where}: ${ajv.errorsText(validate.errors)}: ${body.slice(0, 500)}`)
}

/** Tells whether a value is as the schema of that name says. */
export const describedAs = (name: string): ((value: unknown) => boolean) => ajv.compile({ $ref: `openapi#/components/schemas/${name}` })
