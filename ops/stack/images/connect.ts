// debezium/connect: a distributed worker from the broker's jars; the environment becomes worker properties as in the image.
import { join } from 'node:path'
import { httpProbe } from '../probes.ts'
import type { Image } from './image.ts'
import { java, kafkaFlags, keptClasses, properties, writeProperties } from './jvm.ts'

/** Variables the image takes without its CONNECT_ prefix. */
const BARE = [
  'BOOTSTRAP_SERVERS',
  'GROUP_ID',
  'CONFIG_STORAGE_TOPIC',
  'OFFSET_STORAGE_TOPIC',
  'STATUS_STORAGE_TOPIC',
  'OFFSET_FLUSH_INTERVAL_MS',
  'OFFSET_FLUSH_TIMEOUT_MS',
  'KEY_CONVERTER',
  'VALUE_CONVERTER',
]
const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'

export const connect: Image = (context) => {
  const { environment, scratch, port, tools } = context
  const config = join(scratch, 'worker.properties')
  return {
    argv: [
      ...java(context, ['KAFKA_HEAP_OPTS', 'KAFKA_JVM_PERFORMANCE_OPTS', 'KAFKA_OPTS']),
      ...keptClasses(context),
      ...kafkaFlags(context),
      'org.apache.kafka.connect.cli.ConnectDistributed',
      config,
    ],
    // The connector's secrets are read from here by the worker's config provider.
    environment,
    cwd: scratch,
    async prepare() {
      const bare = Object.entries(environment).filter(([key]) => BARE.includes(key))
      const prefixed = Object.fromEntries(bare.map(([key, value]) => [`CONNECT_${key}`, value]))
      writeProperties(scratch, 'worker.properties', {
        'key.converter': JSON_CONVERTER,
        'value.converter': JSON_CONVERTER,
        'plugin.path': tools.debezium(),
        ...properties({ ...prefixed, ...environment }, 'CONNECT_', []),
      })
    },
    probe: () => httpProbe(`http://127.0.0.1:${port(8083)}/health`),
  }
}
