// One registry per process. Prometheus base units; no id as a label.
import { collectDefaultMetrics, Registry } from 'prom-client'

/** A registry with the process's own metrics (CPU, memory, event loop). */
export function createMetrics(service: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  return registry
}
