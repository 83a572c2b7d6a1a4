// Every image of compose.yaml that can run without containers.
import { StackError } from '../errors.ts'
import { app } from './app.ts'
import { connect } from './connect.ts'
import type { Image } from './image.ts'
import { kafka } from './kafka.ts'
import { postgres } from './postgres.ts'
import { alertmanager, prometheus } from './prometheus.ts'
import { redis } from './redis.ts'
import { registry } from './registry.ts'

const IMAGES: Record<string, Image> = {
  postgres,
  'apache/kafka': kafka,
  'apicurio/apicurio-registry': registry,
  'quay.io/debezium/connect': connect,
  tally: app,
  redis,
  'prom/prometheus': prometheus,
  'prom/alertmanager': alertmanager,
  'grafana/grafana': () => {
    throw new StackError('Grafana runs in containers only; without them, import ops/grafana/dashboards/*.json into one of your own')
  },
}

/** @param reference an image with its tag */
export function imageOf(reference: string): Image {
  const image = IMAGES[reference.replace(/:[^:/]*$/, '')]
  if (image === undefined) {
    throw new StackError(`the image ${reference} cannot run without containers: ops/stack/images/table.ts has no local command for it`)
  }
  return image
}
