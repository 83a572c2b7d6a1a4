// The schema the demo's poison pill is written with: which id it will get, and registering it.
import { unregisteredSchema } from './poison-event.ts'

const HEADERS = { 'Content-Type': 'application/vnd.schemaregistry.v1+json' }
const HIGHEST_ID = 10_000
const TRIES = 20

/** The id the registry will give out next: the first that names no schema. */
export async function firstFreeSchemaId(registryUrl: string): Promise<number> {
  for (let id = 1; id <= HIGHEST_ID; id += 1) {
    if (!(await isRegistered(registryUrl, id))) return id
  }
  throw new Error(`the registry has more than ${HIGHEST_ID} schemas: use a fresh stack for the demo`)
}

/** Whether the id names a schema. */
export async function isRegistered(registryUrl: string, id: number): Promise<boolean> {
  const answer = await fetch(`${registryUrl}/schemas/ids/${id}`)
  if (!answer.ok && answer.status !== 404) throw new Error(`the registry answered ${answer.status} for schema id ${id}`)
  return answer.ok
}

/** Registers the poison pill's schema so that it gets exactly this id, in a subject that no service uses. */
export async function registerAs(registryUrl: string, id: number): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const salt = attempt === 0 ? String(id) : `${id}x${attempt}`
    const answer = await fetch(`${registryUrl}/subjects/demo-poison-${salt}-value/versions`, {
      method: 'POST',
      headers: HEADERS,
      body: JSON.stringify({ schema: unregisteredSchema(salt) }),
    })
    if (!answer.ok) throw new Error(`the registry refused the schema with ${answer.status}: ${await answer.text()}`)
    const { id: given } = (await answer.json()) as { id: number }
    if (given === id) return
    if (given > id) break
  }
  throw new Error(`schema id ${id} is not to be had any more: another schema was registered meanwhile. Start over with: make poison`)
}
