// GET /openapi.json, and /docs: the same for people, one page without scripts, so it works offline and under any CSP.
import { onlyMethods } from '@tally/platform/http/app'
import { Router } from 'express'
import { openapi } from './openapi.ts'
import { sendPage } from './page.ts'

type Operation = {
  summary: string
  description?: string
  parameters: { name: string; in: string; description: string }[]
  responses: object
  requestBody?: object
}

const escapeHtml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const json = (value: unknown) => `<pre>${escapeHtml(JSON.stringify(value, null, 2))}</pre>`

function operationSection(
  path: string,
  method: string,
  { summary, description = '', parameters, responses, requestBody }: Operation,
): string {
  const rows = Object.entries(responses as Record<string, { description: string }>).map(
    ([status, answer]) => `<tr><td>${status}<td>${escapeHtml(answer.description)}`,
  )
  const items = parameters.map((parameter) => `<li><code>${parameter.name}</code> (${parameter.in}) ${escapeHtml(parameter.description)}`)
  return `<h2>${summary}</h2><p><code>${method.toUpperCase()} ${path}</code></p><p>${escapeHtml(description)}</p><ul>${items.join('')}</ul>
    ${requestBody === undefined ? '' : json(requestBody)}<table>${rows.join('')}</table>`
}

function page(): string {
  const sections = Object.entries(openapi.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => operationSection(path, method, operation)),
  )
  const schemas = Object.entries(openapi.components.schemas).map(([name, schema]) => `<h3>${name}</h3>${json(schema)}`)
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${openapi.info.title}</title><h1>${openapi.info.title}</h1>
    <p>${escapeHtml(openapi.info.description)}</p><p>Send <code>Authorization: Bearer KEY</code>. Problems: <a href="/problems">/problems</a>.
    For programs: <a href="/openapi.json">/openapi.json</a>.</p>${sections.join('')}<h2>Schemas</h2>${schemas.join('')}</html>\n`
}

/** Both pages, made once. */
export function docs(): Router {
  const router = Router()
  const spec = JSON.stringify(openapi)
  const html = page()
  router
    .route('/openapi.json')
    .get((_req, res) => void res.type('application/json').send(spec))
    .all(onlyMethods('GET', 'HEAD'))
  router
    .route('/docs')
    .get((_req, res) => void sendPage(res, html))
    .all(onlyMethods('GET', 'HEAD'))
  return router
}
