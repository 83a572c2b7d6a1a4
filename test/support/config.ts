// Which stack the tests talk to; the one place where tests read the environment.
import { int, readConfig } from '@tally/platform/config'
import { z } from 'zod'

export const { STACK, PORT_OFFSET } = readConfig({ STACK: z.string().default('test'), PORT_OFFSET: int(0).default(20_000) }, process.env)
