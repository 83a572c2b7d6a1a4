// The Schema Registry by its Confluent API. Nothing registers schemas at run time: ids are looked up.
import { Unavailable } from './errors.ts'

export type SchemaRegistry = {
  /**
   * Id under which exactly this schema (JSON text) is registered in the subject.
   * @throws StopProcess when it is not registered there, Unavailable when the registry does not answer
   */
  idOf(subject: string, schema: string): Promise<number>
  /**
   * The schema (JSON text) of an id; answers are kept for the life of the process.
   * @throws InvalidMessage (`unknown-schema`) when there is none, Unavailable when the registry does not answer
   */
  schemaById(id: number): Promise<string>
}

/** @param url base of the Confluent API, e.g. http://127.0.0.1:8081/apis/ccompat/v7 */
export function confluentRegistry(url: string): SchemaRegistry {
  throw new Unavailable(`unwritten ${url}`)
}
