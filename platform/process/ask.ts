// A question to whoever sits at the terminal.
import { createInterface } from 'node:readline/promises'

/** What was typed; empty on Ctrl-C, and when the terminal is gone. */
export async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const left = new AbortController()
  lines.once('SIGINT', () => left.abort())
  lines.once('close', () => left.abort())
  try {
    return await lines.question(question, { signal: left.signal })
  } catch (error) {
    if (!left.signal.aborted) throw error
    process.stderr.write('\n')
    return ''
  } finally {
    lines.close()
  }
}
