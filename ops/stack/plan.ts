// compose.yaml as this machine runs it: for each service the local command, its environment, folders and ports.
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { localEnvironment, localText, publishedPort } from './addresses.ts'
import type { Services } from './compose-file.ts'
import { readCompose } from './compose-file.ts'
import type { Settings } from './config.ts'
import { root } from './config.ts'
import { StackError } from './errors.ts'
import type { Local } from './images/image.ts'
import { imageOf } from './images/table.ts'
import { stackVariables } from './interpolate.ts'
import { giveToNobody } from './nobody.ts'
import { postgresDir } from './places.ts'
import { tools } from './tools.ts'

/** One service, ready to be started. */
export type Spec = Local & {
  name: string
  restart: string
  stopGraceMs: number
  startMs: number
  ports: number[]
  logFile: string
  /** As compose.yaml gives it, whatever the image makes of it: a service of which it changes is restarted. */
  described: Record<string, string>
}

export type Plan = { services: Services; spec(name: string): Spec }

/** Reads compose.yaml; a service's folders are made when its spec is asked for. */
export function readPlan(settings: Settings, env: Record<string, string | undefined>): Plan {
  const services = readCompose(settings.composeFile, stackVariables(env, settings.portOffset))
  return { services, spec: (name) => specOf(name, services, settings) }
}

function specOf(name: string, services: Services, settings: Settings): Spec {
  const service = services[name]
  if (service === undefined) throw new StackError(`compose.yaml has no service ${name}`)
  const folderOf = (source: string) => localFolder(source, service.image, settings)
  const scratch = join(settings.stackDir, 'scratch', name)
  for (const folder of [scratch, ...service.volumes.map(({ source }) => folderOf(source))]) mkdirSync(folder, { recursive: true })
  const described = localEnvironment(service, services, folderOf)
  const local = imageOf(service.image)({
    name,
    command: service.command.map((word) => localText(word, service, services, folderOf)),
    environment: described,
    scratch,
    local: (text) => localText(text, service, services, folderOf),
    tools: tools(settings),
    port(target) {
      const published = publishedPort(service, target)
      if (published === undefined) throw new StackError(`compose.yaml: ${name} publishes no port for ${target}, which ops/stack needs`)
      return published
    },
    folder(target) {
      const volume = service.volumes.find((one) => one.target === target)
      if (volume === undefined) throw new StackError(`compose.yaml: ${name} has no volume at ${target}, which ops/stack needs`)
      return folderOf(volume.source)
    },
  })
  if (local.unprivileged) for (const { source } of service.volumes) giveToNobody(folderOf(source))
  return {
    ...local,
    argv: [...service.wrapper, ...local.argv],
    environment: { PATH: settings.path, LANG: 'C.UTF-8', TMPDIR: scratch, ...local.environment },
    name,
    restart: service.restart,
    stopGraceMs: service.stopGraceMs,
    startMs: service.startMs,
    ports: service.ports.map(({ published }) => published),
    logFile: join(settings.stackDir, `${name}.log`),
    described,
  }
}

/** A named volume's folder; a bind mount is a path in the checkout. */
function localFolder(source: string, image: string, settings: Settings): string {
  if (source.startsWith('.')) return join(dirname(settings.composeFile), source)
  if (source.startsWith('/')) throw new StackError(`compose.yaml: the mount ${source} lies outside ${root}`)
  return image.startsWith('postgres:') ? join(postgresDir(settings), source) : join(settings.stackDir, source)
}
