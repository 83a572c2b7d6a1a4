// What the runner itself reads from the environment. What services get is in compose.yaml.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { flag, int, readConfig } from '@tally/platform/process/config'
import { z } from 'zod'
import { readIfThere } from './files.ts'

export const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')

export type Settings = ReturnType<typeof settings>

/** Names and places of one stack. */
export function settings(env = environment()) {
  const { STACK, PORT_OFFSET, THROW_AWAY, TALLY_CACHE, XDG_CACHE_HOME, JAVA_HOME, PATH } = readConfig(
    {
      STACK: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'is not a name of 1 to 32 of a-z, 0-9 and -')
        .default('default'),
      PORT_OFFSET: int(0, 55_000).default(0),
      /** Set by tests and benchmarks for the stacks they make. */
      THROW_AWAY: flag,
      COMPOSE_FILE: z.string().optional(),
      TALLY_CACHE: z.string().optional(),
      XDG_CACHE_HOME: z.string().optional(),
      JAVA_HOME: z.string().optional(),
      PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
    },
    env,
  )
  return {
    stack: STACK,
    portOffset: PORT_OFFSET,
    throwAway: THROW_AWAY,
    composeFile: env.COMPOSE_FILE ?? join(root, 'compose.yaml'),
    stackDir: join(root, '.stack', STACK),
    cacheDir: TALLY_CACHE ?? (isRoot() ? '/var/cache/tally' : join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tally')),
    javaHome: JAVA_HOME,
    path: `${join(root, 'node_modules/.bin')}:${PATH}`,
  }
}

/** Root's PostgreSQL runs as nobody, who can walk neither to a home nor to a checkout within one. */
export const isRoot = () => process.getuid?.() === 0

/** Variables that describe the machine and its programs, not a stack. */
export const MACHINE = ['TALLY_CACHE', 'JAVA_HOME', 'JVM_FLAGS', 'KAFKA_HEAP_OPTS', 'CONNECT_HEAP_OPTS', 'REGISTRY_HEAP_OPTS', 'LOG_LEVEL']

type Environment = Record<string, string | undefined>

/** The environment, over what .env says, as Compose reads it. A stack for tests has neither the ports nor the passwords of .env. */
export function environment(own: Environment = process.env, file = readIfThere(join(root, '.env')) ?? ''): Environment {
  const said = Object.entries(parseEnv(file)).filter(([name]) => !own.THROW_AWAY || MACHINE.includes(name))
  return { ...Object.fromEntries(said), ...own }
}
