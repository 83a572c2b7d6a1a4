// The terminal and files of the machine the command runs on.
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command, Terminal } from './execute-command.ts'

/** Answers go to standard output, everything else to standard error. Ctrl-C says that a run goes on without us. */
export function terminal({ form, name }: Command): Terminal {
  if (form === 'go') {
    process.once('SIGINT', () => {
      process.stderr.write(`\nNot followed any more; what was started goes on. See: ${name} STATUS=1\n`)
      process.exit(1)
    })
  }
  return {
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    out: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    async ask(question) {
      const lines = createInterface({ input: process.stdin, output: process.stderr })
      const answer = await lines.question(question).finally(() => lines.close())
      return answer
    },
  }
}

/** Writes lines to a file that must not exist yet, readable by its owner alone: they hold whole orders. */
export async function writeLines(file: string, lines: AsyncIterable<string>): Promise<number> {
  let count = 0
  const counted = async function* () {
    for await (const line of lines) {
      count += 1
      yield `${line}\n`
    }
  }
  await pipeline(Readable.from(counted()), createWriteStream(file, { flags: 'wx', mode: 0o600 }))
  return count
}
