// The command on a world in memory, with a terminal that remembers what was said and answers what it is told to.

import { systemClock } from '@tally/platform/process/clock'
import type { Command, Form, Tools } from '../../command/command.ts'
import { executeCommand } from '../../command/execute.ts'
import { openPatch } from '../../mend/node-patch.ts'
import { DLQ } from './letters.ts'
import type { World } from './memory-world.ts'

export type Said = { exitCode: number; out: string[]; notes: string[]; asked: string[] }

const COMMAND: Command = {
  form: 'plan',
  filter: {},
  who: 'ada@ops-1',
  why: undefined,
  run: undefined,
  planId: undefined,
  file: undefined,
  importFile: undefined,
  patchFile: undefined,
  rate: 0,
  canary: 10,
  yes: false,
  json: false,
  unmask: false,
  name: 'make replay-dlq',
}

/** `answer`: what somebody at a terminal types; without it there is no terminal. */
export async function memoryCommand(
  world: World,
  given: Partial<Command> & { form: Form },
  { answer, nowMs, tools = {} }: { answer?: string; nowMs?: number; tools?: Partial<Tools> } = {},
): Promise<Said> {
  const said: Said = { exitCode: -1, out: [], notes: [], asked: [] }
  said.exitCode = await executeCommand(
    { ...COMMAND, ...given },
    {
      dlqs: [DLQ],
      letters: world.reader,
      decode: async () => undefined,
      audit: world.audit,
      clock: nowMs === undefined ? systemClock : { ...systemClock, now: () => nowMs },
      terminal: {
        interactive: answer !== undefined,
        out: (text) => void said.out.push(text),
        note: (text) => void said.notes.push(text),
        over: () => {},
        onInterrupt: () => {},
        ask: async (question) => {
          said.asked.push(question)
          return answer ?? ''
        },
      },
      writeLines: async () => 0,
      readLines: async function* () {},
      encode: async () => Buffer.alloc(0),
      openPatch,
      append: world.work.replays.append,
      ...tools,
    },
  )
  return said
}
