// The connectors of this checkout: NAME.json holds exactly the configuration that NAME is to have.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf, StopProcess } from '@tally/platform/process/errors'
import { z } from 'zod'
import type { Connector, ConnectorConfig } from './connector.ts'

const OWN_FOLDER = fileURLToPath(new URL('..', import.meta.url))

const configuration = z.record(z.string(), z.string())
const changes = z.record(z.string(), z.string().nullable())

/** Names of all connectors of the folder. */
export const connectorNames = (folder = OWN_FOLDER): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json') && file !== 'package.json')
    .map((file) => file.slice(0, -'.json'.length))

type From = {
  /** This package's own by default. */
  folder?: string | undefined
  /** Whose files in environments/ENVIRONMENT/ go on top, key by key; null takes a key away. */
  environment?: string | undefined
  /** The one to read. */
  only?: string | undefined
}

/** @throws StopProcess naming what is missing or unreadable */
export function readConnectors({ folder = OWN_FOLDER, environment, only }: From = {}): Connector[] {
  const overlay = environment === undefined ? undefined : overlayFolder(folder, environment)
  const names = connectorNames(folder)
  if (only !== undefined && !names.includes(only))
    throw new StopProcess(`there is no ${join(folder, `${only}.json`)}; there is: ${names.join(', ')}`)
  return names
    .filter((name) => only === undefined || name === only)
    .map((name) => {
      const base = readFile(join(folder, `${name}.json`), configuration)
      const over = overlay === undefined ? undefined : join(overlay, `${name}.json`)
      return { name, config: over !== undefined && existsSync(over) ? changed(base, readFile(over, changes)) : base }
    })
}

function overlayFolder(folder: string, environment: string): string {
  const all = join(folder, 'environments')
  const known = existsSync(all) ? readdirSync(all) : []
  if (known.includes(environment)) return join(all, environment)
  throw new StopProcess(`there is no ${join(all, environment)}; CONNECT_ENVIRONMENT is one of: ${known.join(', ') || 'nothing yet'}`, 2)
}

function changed(base: ConnectorConfig, over: Record<string, string | null>): ConnectorConfig {
  const entries = Object.entries({ ...base, ...over })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null))
}

function readFile<T>(path: string, shape: z.ZodType<T>): T {
  try {
    return shape.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    throw new StopProcess(`${path} is not an object of texts, as PUT /connectors/NAME/config takes it: ${messageOf(error)}`)
  }
}
