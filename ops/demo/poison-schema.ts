// The schema the demo's poison pill is written with: which id it will get, and registering it.
import { randomUUID } from 'node:crypto'
import { unregisteredSchema } from './poison-event.ts'

const HEADERS = { 'Content-Type': 'application/vnd.schemaregistry.v1+json' }
const TRIES = 20

/** The id the registry will give out next, learned by registering a schema that nobody uses: ids only grow. */
export async function nextSchemaId(registryUrl: string): Promise<number> {
  return (await register(registryUrl, `probe${randomUUID().replaceAll('-', '')}`)) + 1
}

/** Whether the id names a schema. */
export async function isRegistered(registryUrl: string, id: number): Promise<boolean> {
  const answer = await fetch(`${registryUrl}/schemas/ids/${id}`)
  if (!answer.ok && answer.status !== 404) throw new Error(`the registry answered ${answer.status} for schema id ${id}`)
  return answer.ok
}

/** Registers the poison pill's schema so that it gets exactly this id. @throws Error when the id was given out meanwhile */
export async function registerAs(registryUrl: string, id: number): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const given = await register(registryUrl, attempt === 0 ? String(id) : `${id}x${attempt}`)
    if (given === id) return
    if (given > id) break
  }
  throw new Error(`schema id ${id} is not to be had any more: another schema was registered meanwhile. Start over with: make poison`)
}

/** Registers a variant of the schema in a subject that no service uses; its id. */
async function register(registryUrl: string, salt: string): Promise<number> {
  const answer = await fetch(`${registryUrl}/subjects/demo-poison-${salt}-value/versions`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify({ schema: unregisteredSchema(salt) }),
  })
  if (!answer.ok) throw new Error(`the registry refused the schema with ${answer.status}: ${await answer.text()}`)
  return ((await answer.json()) as { id: number }).id
}
