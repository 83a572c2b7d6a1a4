// apache/kafka: the broker from Maven's jars; KAFKA_* becomes server.properties as in the image.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { tcpProbe } from '../probes.ts'
import type { Image } from './image.ts'
import { java, kafkaFlags, keptClasses, properties, writeProperties } from './jvm.ts'

const NOT_PROPERTIES = ['KAFKA_HEAP_OPTS', 'KAFKA_JVM_PERFORMANCE_OPTS', 'KAFKA_OPTS']

export const kafka: Image = (context) => {
  const { environment, scratch, port, folder } = context
  const config = join(scratch, 'server.properties')
  const run = (...words: string[]) => [...java(context, NOT_PROPERTIES), ...words]
  return {
    argv: run(...keptClasses(context), ...kafkaFlags(context), 'kafka.Kafka', config),
    environment: {},
    cwd: scratch,
    async prepare(execute) {
      writeProperties(scratch, 'server.properties', properties(environment, 'KAFKA_', NOT_PROPERTIES))
      if (existsSync(join(folder('/var/lib/kafka/data'), 'meta.properties'))) return
      await execute(run(...kafkaFlags(context), 'kafka.tools.StorageTool', 'format', '-t', environment.CLUSTER_ID ?? '', '-c', config))
    },
    probe: () => tcpProbe(port(9092), API_VERSIONS, (answer) => (answer.length > 4 ? undefined : 'the broker does not answer yet')),
  }
}

/** ApiVersions, version 0: the first thing every client asks. */
const API_VERSIONS = (() => {
  const clientId = Buffer.from('ops')
  const request = Buffer.alloc(4 + 2 + 2 + 4 + 2)
  request.writeInt32BE(request.length - 4 + clientId.length, 0)
  request.writeInt16BE(18, 4)
  request.writeInt16BE(0, 6)
  request.writeInt32BE(1, 8)
  request.writeInt16BE(clientId.length, 12)
  return Buffer.concat([request, clientId])
})()
