// The connectors of this checkout: NAME.json holds exactly the configuration that NAME is to have.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StopProcess } from '@tally/platform/errors'
import { z } from 'zod'
import type { Connector } from './connector.ts'

const configuration = z.record(z.string(), z.string())

/**
 * Connectors in the folder, this package's own by default.
 * @param only the one to read
 */
export function readConnectors(folder = fileURLToPath(new URL('..', import.meta.url)), only?: string): Connector[] {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.json') && file !== 'package.json')
    .map((file) => file.slice(0, -'.json'.length))
  if (only !== undefined && !names.includes(only))
    throw new StopProcess(`there is no ${join(folder, `${only}.json`)}; there is: ${names.join(', ')}`)
  return names
    .filter((name) => only === undefined || name === only)
    .map((name) => ({ name, config: readFile(join(folder, `${name}.json`)) }))
}

function readFile(path: string) {
  try {
    return configuration.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    throw new StopProcess(
      `${path} is not an object of texts, as PUT /connectors/NAME/config takes it: ${error instanceof Error ? error.message : error}`,
    )
  }
}
