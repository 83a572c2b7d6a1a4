// What containers call each other by, as this machine's loopback addresses and folders.
import type { Service, Services } from './compose-file.ts'

const LOOPBACK = '127.0.0.1'

/**
 * The service's environment or command words without containers: `other:port` and `0.0.0.0:port` become the published loopback
 * port, paths below a mounted volume become paths below its folder.
 */
export function localText(text: string, own: Service, services: Services, folderOf: (source: string) => string): string {
  const addressed = text.replace(/(?<![\w.-])([a-z0-9][a-z0-9.-]*):(\d+)(?!\d)/g, (whole, host: string, port: string) => {
    const service = host === '0.0.0.0' ? own : services[host]
    const published = service && publishedPort(service, Number(port))
    return published === undefined ? whole : `${LOOPBACK}:${published}`
  })
  return own.volumes.reduce(
    (changed, { source, target }) =>
      changed.replace(new RegExp(`(^|=)${RegExp.escape(target)}(?=/|$)`, 'g'), (_whole, before: string) => before + folderOf(source)),
    addressed,
  )
}

/** Rewrites every value; a pair X_HOST, X_PORT that names a service's port is rewritten together. */
export function localEnvironment(own: Service, services: Services, folderOf: (source: string) => string): Record<string, string> {
  const local = Object.fromEntries(Object.entries(own.environment).map(([key, value]) => [key, localText(value, own, services, folderOf)]))
  for (const [key, host] of Object.entries(own.environment)) {
    if (!key.endsWith('_HOST')) continue
    const portKey = key.replace(/HOST$/, 'PORT')
    const service = host === '0.0.0.0' ? own : services[host]
    const published = service && publishedPort(service, Number(own.environment[portKey]))
    if (published === undefined) continue
    local[key] = LOOPBACK
    local[portKey] = String(published)
  }
  return local
}

/** The loopback port of a container's port. */
export function publishedPort(service: Service, target: number): number | undefined {
  return service.ports.find((port) => port.target === target)?.published
}
