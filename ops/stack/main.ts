// Runs compose.yaml without containers: `node ops/stack/main.ts VERB [SERVICE…]`; make up, down, status … call it.
import { parseArgs } from 'node:util'
import { ConfigError } from '@tally/platform/process/config'
import { commands } from './commands.ts'
import { settings } from './config.ts'
import { StackError } from './errors.ts'

const USAGE = `usage: node ops/stack/main.ts ${Object.keys(commands).join('|')} [SERVICE…] [-- COMMAND…]`

/** Names may come as one word: make passes S="postgres kafka". */
const words = (given: string[]) => given.flatMap((text) => text.split(/[\s,]+/)).filter(Boolean)

try {
  const argv = process.argv.slice(2)
  const split = argv.includes('--') ? argv.indexOf('--') : argv.length
  const { values, positionals } = parseArgs({
    args: argv.slice(0, split),
    allowPositionals: true,
    options: {
      profile: { type: 'string', multiple: true, default: [] },
      follow: { type: 'boolean', short: 'f', default: false },
      lines: { type: 'string', short: 'n', default: '200' },
      json: { type: 'boolean', default: false },
    },
  })
  const [verb = '', ...names] = positionals
  const command = Object.hasOwn(commands, verb) ? commands[verb as keyof typeof commands] : undefined
  if (command === undefined) throw new StackError(USAGE, 2)
  process.exitCode = await command({ settings: settings(), names: words(names), argv: argv.slice(split + 1), ...values })
} catch (error) {
  const known = error instanceof StackError || error instanceof ConfigError
  process.stderr.write(`${known ? error.message : ((error as Error).stack ?? error)}\n`)
  process.exitCode = known ? error.exitCode : 1
}
