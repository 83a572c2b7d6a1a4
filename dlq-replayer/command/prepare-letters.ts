// Which letters a run is over: those that lie in the queues, those of a file, or those that a patch makes of them.

import { lookAtImport, putImport } from '#mend/import-letters'
import type { Command, Tools } from './command.ts'
import { importLines } from './import-text.ts'
import { preparePatch } from './prepare-patch.ts'
import type { Prepared } from './prepared.ts'
import { makePlan } from './show-plan.ts'

/** Looks only. @throws Error when the file, or the filter, is of no use */
export async function prepareLetters(command: Command, tools: Tools): Promise<Prepared> {
  if (command.importFile !== undefined) return prepareImport(command, command.importFile, tools)
  if (command.patchFile !== undefined) return preparePatch(command, command.patchFile, tools)
  const planned = await makePlan(command, tools)
  return { planned, letters: planned.selected, lines: [], json: {}, source: {}, words: {}, put: async () => planned, close: async () => {} }
}

async function prepareImport(command: Command, file: string, tools: Tools): Promise<Prepared> {
  const { dlqs, letters, append, audit } = tools
  const queues = await lookAtImport(tools.readLines(file), dlqs, { letters, ledger: await audit.refresh() })
  const planned = await makePlan(command, tools, new Map(queues.map(({ dlq, open }) => [dlq.name, open])))
  const missing = queues.reduce((sum, queue) => sum + queue.missing.size, 0)
  return {
    planned,
    letters: planned.selected + missing,
    lines: importLines(file, queues),
    json: {
      import: queues.map(({ dlq, letters: all, missing: { size }, settled }) => ({ dlq: dlq.name, letters: all, missing: size, settled })),
    },
    source: { IMPORT: file },
    words: { IMPORT: file },
    close: async () => {},
    async put() {
      const only = new Map()
      for (const queue of queues) only.set(queue.dlq.name, await putImport(tools.readLines(file), queue, dlqs, { letters, append }))
      return makePlan(command, tools, only)
    },
  }
}
