// What Connect stored as read: shown, kept in a file, put back, forgotten. Changed only while the connector is stopped.
import { readFileSync, writeFileSync } from 'node:fs'
import { messageOf, StopProcess } from '@tally/platform/process/errors'
import { z } from 'zod'
import { offsetsConfig } from '#config'
import type { Command, Context } from './command.ts'
import { confirm } from './confirm.ts'

const backup = z.object({ takenAt: z.string(), connectors: z.record(z.string(), z.array(z.unknown()).min(1)) })

/** BACKUP=file · RESTORE=file · RESET=1; nothing: shows them. */
export const offsets: Command = async (context) => {
  const { BACKUP, RESTORE, RESET, YES } = offsetsConfig()
  if ([BACKUP, RESTORE, RESET || undefined].filter((given) => given !== undefined).length > 1)
    throw new StopProcess('BACKUP, RESTORE and RESET do not go together: choose one', 2)
  if (BACKUP !== undefined) return backUp(context, BACKUP)
  if (RESTORE !== undefined) return restore(context, RESTORE, YES)
  if (RESET) return reset(context, YES)
  return show(context)
}

async function show({ connect, connectors, print, json }: Context): Promise<number> {
  for (const { name } of connectors) {
    const answer = await connect.offsets(name)
    if (json) print(JSON.stringify({ name, offsets: answer?.offsets ?? [] }))
    else print(`${name}: ${answer === undefined ? 'is not there' : JSON.stringify(answer.offsets, undefined, 2)}`)
  }
  return 0
}

async function backUp({ connect, connectors, clock, print }: Context, file: string): Promise<number> {
  const kept: Record<string, unknown[]> = {}
  for (const { name } of connectors) {
    const stored = (await connect.offsets(name))?.offsets ?? []
    if (stored.length > 0) kept[name] = stored
    print(stored.length > 0 ? `${name}: in ${file}` : `${name}: has stored no offset`)
  }
  if (Object.keys(kept).length === 0) throw new StopProcess('nothing to keep: no connector has stored an offset', 3)
  const takenAt = new Date(clock.now()).toISOString()
  writeFileSync(file, `${JSON.stringify({ takenAt, connectors: kept }, undefined, 2)}\n`)
  return 0
}

async function restore(context: Context, file: string, yes: boolean): Promise<number> {
  const { takenAt, connectors } = readBackup(file)
  const known = context.connectors.filter(({ name }) => connectors[name] !== undefined)
  if (known.length === 0) throw new StopProcess(`${file} has offsets of ${Object.keys(connectors).join(', ')}: of no connector here`, 3)
  await refuseUnlessStopped(context, known)
  await confirm(
    `This puts ${known.map(({ name }) => name).join(', ')} back to where it was at ${takenAt}. Where its slot is further, ` +
      'it refuses to start over the gap (make connect-recover); where the slot is behind, it skips what lies between.',
    yes,
  )
  for (const { name } of known) {
    await context.connect.putOffsets(name, connectors[name] ?? [])
    context.print(
      `${name}: its offsets are those of ${takenAt}; make connect-status tells how they stand to the slot, then make connect-resume`,
    )
  }
  return 0
}

async function reset(context: Context, yes: boolean): Promise<number> {
  await refuseUnlessStopped(context, context.connectors)
  const names = context.connectors.map(({ name }) => name).join(', ')
  await confirm(
    `This makes ${names} forget how far it had come: it starts where its slot stands, and some events come twice. ` +
      'What a lost or advanced slot skipped is not sent: that takes make connect-recover. Keep the old ones first: BACKUP=file.',
    yes,
  )
  for (const { name } of context.connectors) {
    await context.connect.resetOffsets(name)
    context.print(`${name}: has no offsets any more; make connect-resume starts it where its slot stands`)
  }
  return 0
}

function readBackup(file: string): z.infer<typeof backup> {
  try {
    return backup.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw new StopProcess(`${file} is not what BACKUP=file writes: ${messageOf(error)}`, 2)
  }
}

async function refuseUnlessStopped({ connect }: Context, connectors: { name: string }[]): Promise<void> {
  for (const { name } of connectors) {
    const state = (await connect.status(name))?.connector.state
    if (state === undefined) throw new StopProcess(`there is no connector ${name}: make connect-status lists them`)
    if (state !== 'STOPPED')
      throw new StopProcess(`${name} is ${state}: its offsets can be changed while it is stopped. make connect-stop`, 4)
  }
}
