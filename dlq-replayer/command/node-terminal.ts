// The terminal and files of the machine the command runs on.
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ask } from '@tally/platform/process/ask'
import { EXIT } from '#ledger/outcome'
import type { Terminal } from '#ports'

/** Answers go to standard output, everything else to standard error. */
export function terminal(): Terminal {
  return {
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    out: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    over: (text) => void process.stderr.write(`\r\x1b[K${text}`),
    ask,
    onInterrupt(text) {
      process.once('SIGINT', () => {
        process.stderr.write(`\n${text}\n`)
        process.exit(EXIT.error)
      })
    },
  }
}

/** @throws Error naming the file */
export async function* readLines(file: string): AsyncGenerator<string> {
  const input = createReadStream(file)
  yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
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
