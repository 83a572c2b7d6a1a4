// Runs a connector command the way make does, on a folder holding only the given connectors.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { childEnvironment } from '../../../test/support/config.ts'
import { stack } from '../../../test/support/stack.ts'
import { until } from '../../../test/support/until.ts'
import type { Connector } from '../../connect/connector.ts'

const main = new URL('../../main.ts', import.meta.url).pathname

export type Ran = { exitCode: number; stdout: string; stderr: string }

/** `main.ts VERB` with the connectors and variables. */
export async function command(verb: string, connectors: Connector[], variables: Record<string, string> = {}): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'connectors-'))
  for (const { name, config } of connectors) writeFileSync(join(folder, `${name}.json`), JSON.stringify(config))
  const env = childEnvironment({ CONNECT_URL: stack.connectUrl, CONNECTORS_FOLDER: folder, ...variables })
  try {
    return await new Promise((resolve) => {
      execFile(process.execPath, [main, verb], { env }, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code
        resolve({ exitCode: typeof code === 'number' ? code : 1, stdout, stderr })
      })
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** `command` on a test's own connector, which is there once tests run, and that connector with other settings. */
export function commandsOf(own: () => { connector: Connector }) {
  return {
    run: (verb: string, variables: Record<string, string> = {}, connectors: Connector[] = [own().connector]) =>
      command(verb, connectors, variables),
    changed: (changes: Record<string, string>): Connector[] => {
      const { name, config } = own().connector
      return [{ name, config: { ...config, ...changes } }]
    },
  }
}

/** A heartbeat comes a moment after what stood in its way is gone: until then `status` names it. */
export const untilStatusIsGood = (status: () => Promise<Ran>) =>
  until(
    async () => {
      const { exitCode, stdout, stderr } = await status()
      if (exitCode !== 0) throw new Error(`${stdout}${stderr}`)
      return true
    },
    { what: 'make connect-status finds nothing', everyMs: 500 },
  )
