// The Schema Registry by its Confluent API. Nothing registers schemas at run time: ids are looked up.
import { SchemaRegistry as ConfluentRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { wait } from '#process/clock'
import { InvalidMessage, messageOf, StopProcess, Unavailable } from '#process/errors'
import { type AvroType, avroOptions } from './framing.ts'

const ANSWER_TIMEOUT_MS = 10_000

export type SchemaRegistry = {
  /**
   * Id under which exactly this schema (JSON text) is registered in the subject.
   * @throws StopProcess when it is not registered there, Unavailable when the registry does not answer
   */
  idOf(subject: string, schema: string): Promise<number>
  /**
   * The schema of an id; found ones are kept for the life of the process.
   * @throws InvalidMessage (`unknown-schema`, `unresolvable-schema`) when there is none or none that can be read, Unavailable when the registry does not answer
   */
  typeById(id: number): Promise<AvroType<unknown>>
}

/** @param url base of the Confluent API, e.g. http://127.0.0.1:8081/apis/ccompat/v7 */
export function confluentRegistry(url: string): SchemaRegistry {
  // The callers' own back-off decides when to ask again.
  const client = new ConfluentRegistry({ host: url, retry: { retries: 0 } }, { [SchemaType.AVRO]: avroOptions() })

  return {
    async idOf(subject, schema) {
      const answer = await ask(url, async () => ({ id: await client.getRegistryIdBySchema(subject, { type: SchemaType.AVRO, schema }) }))
      if ('id' in answer) return answer.id
      throw new StopProcess(
        `the schema this version was built with is not registered in subject ${subject} (${answer.missing}). Register it with: make schema-register`,
      )
    },
    async typeById(id) {
      const answer = await ask(url, async () => ({ type: (await client.getSchema(id)) as AvroType<unknown> }))
      if ('type' in answer) return answer.type
      throw new InvalidMessage('unknown-schema', `the registry has no schema ${id} (${answer.missing})`)
    },
  }
}

type Missing = { missing: string }

/** 404 is an answer; no answer in time, a refused connection or a 5xx mean that the registry is away. */
async function ask<T extends object>(url: string, request: () => Promise<T>): Promise<T | Missing> {
  const noAnswer = new AbortController()
  const timeout = wait(ANSWER_TIMEOUT_MS, noAnswer.signal).then(() => {
    throw new Unavailable(`the schema registry at ${url} did not answer within ${ANSWER_TIMEOUT_MS} ms`)
  })
  timeout.catch(() => {})
  try {
    return await Promise.race([request(), timeout])
  } catch (error) {
    if (isNotFound(error)) return { missing: error.message }
    if (isNotAvro(error)) throw new InvalidMessage('unresolvable-schema', `the registry's schema is not readable: ${error.message}`)
    if (error instanceof Unavailable) throw error
    throw new Unavailable(`the schema registry at ${url} failed: ${messageOf(error)}`, {
      cause: error,
    })
  } finally {
    noAnswer.abort()
  }
}

/** The client hides a 404 to `getRegistryIdBySchema` in an error of its own, which it throws for nothing else there. */
function isNotFound(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  return 'status' in error ? error.status === 404 : error.name === 'ConfluentSchemaRegistryError'
}

/** The registry answered, but with what cannot be read as a schema: waiting would not help. */
function isNotAvro(error: unknown): error is Error {
  return error instanceof Error && /^ConfluentSchemaRegistry(Argument|InvalidSchema)Error$/.test(error.name)
}
