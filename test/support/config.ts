// Which stack the tests talk to; the one place where tests read the environment.
import { readFileSync } from 'node:fs'
import { int, readConfig } from '@tally/platform/process/config'
import { z } from 'zod'
import { MACHINE } from '../../ops/stack/config.ts'

/** STACK and PORT_OFFSET of the shell are those of a stack that somebody works with: tests would delete its data. */
const config = readConfig(
  { TEST_STACK: z.string().default('test'), TEST_PORT_OFFSET: int(0).default(20_000), CHAOS_SEED: int(0).optional() },
  process.env,
)

export const { TEST_STACK: STACK, TEST_PORT_OFFSET: PORT_OFFSET, CHAOS_SEED } = config

/**
 * A second make would take what was given to the first, such as STACK=shop, before the environment; and by the level it would
 * print its folder around what it is asked for.
 */
const MAKES_OWN = ['MAKEFLAGS', 'MAKEOVERRIDES', 'MFLAGS', 'MAKELEVEL']

/** Variables of the stack that somebody works with: all that .env.example lists but what describes the machine, and make's. */
export function shellsOwn(env: Record<string, string | undefined> = process.env): string[] {
  const listed = [...readFileSync(new URL('../../.env.example', import.meta.url), 'utf8').matchAll(/^#([A-Z_]+)=/gm)]
  const theirs = listed.map(([, name = '']) => name).filter((name) => !MACHINE.includes(name))
  return [...theirs, 'COMPOSE_FILE', ...MAKES_OWN].filter((name) => env[name] !== undefined)
}

/** Said to whoever may believe that the tests use the stack of the shell. */
export function leftAlone(): string | undefined {
  const theirs = process.env.STACK
  if (!theirs || theirs === STACK) return undefined
  return `STACK=${theirs} is left alone: this runs on the stack "${STACK}". TEST_STACK and TEST_PORT_OFFSET name another.\n`
}

/** The environment for a child process that works on the same stack. */
export function childEnvironment(extra: Record<string, string> = {}): Record<string, string | undefined> {
  const theirs = shellsOwn()
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !theirs.includes(name))),
    STACK,
    PORT_OFFSET: String(PORT_OFFSET),
    TEST_STACK: STACK,
    TEST_PORT_OFFSET: String(PORT_OFFSET),
    THROW_AWAY: '1',
    ...extra,
  }
}
