// Runs a command that ends: a failure is one message for people on stderr, the exit code tells scripts.
import { messageOf } from './errors.ts'

/** Runs `main`; the exit code is what it returns (0 without), a fault's own `exitCode`, else 1. */
export async function runCommand(main: () => Promise<number | undefined> | Promise<void>): Promise<void> {
  try {
    process.exitCode = (await main()) ?? 0
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exitCode = error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number' ? error.exitCode : 1
  }
}
