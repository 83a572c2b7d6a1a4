// A patch over the letters of a plan: looked at first, then put into the queues, each step written down.

import { settledAs } from '#ledger/outcome'
import { recordDigest } from '#letters/letter-digest'
import type { Positions } from '#letters/positions'
import { addPositions, addRanges, countPositions, positionRanges } from '#letters/positions'
import { count, number, wrap } from '#letters/text'
import { earlierMended, type Mended, type Patching, patchedLetters } from '#mend/patch-letters'
import { inLots, putLetters } from '#mend/put-letters'
import type { QueuePlan } from '#plan/plan'
import type { Command, Tools } from './command.ts'
import { decideLetters } from './decide-letters.ts'
import type { Prepared } from './prepared.ts'
import { makePlan } from './show-plan.ts'
import type { Request } from './start-run.ts'
import { Refused, refusedBy } from './start-run.ts'

const DIFFS = 3
const LOT = 200

type Look = { plan: QueuePlan; changed: Positions; same: Positions; leftOut: number; diffs: string[][] }

/** Looks only. @throws Error when the patch fails at a letter */
export async function preparePatch(command: Command, file: string, tools: Tools): Promise<Prepared> {
  const planned = await makePlan(command, tools)
  const patcher = await tools.openPatch(file)
  const patching = { patcher, letters: tools.letters, decode: tools.decode, encode: tools.encode }
  const looks: Look[] = []
  try {
    for (const plan of planned.plans) looks.push(await lookAt(plan, patching, command.unmask))
  } catch (error) {
    await patcher.close()
    throw error
  }
  const sum = (of: (look: Look) => number) => looks.reduce((all, look) => all + of(look), 0)
  const [changed, same, leftOut] = [
    sum((look) => countPositions(look.changed)),
    sum((look) => countPositions(look.same)),
    sum((look) => look.leftOut),
  ]
  const diffs = looks.flatMap((look) => look.diffs).slice(0, DIFFS)
  return {
    planned,
    letters: changed + same,
    lines: patchLines(file, patcher.digest, { changed, same, leftOut }, diffs),
    json: { patch: { file, digest: patcher.digest, changed, unchanged: same, leftOut, diffs } },
    words: { PATCH: file },
    source: { PATCH: `${file} sha256:${patcher.digest}` },
    async put(request) {
      const only = new Map<string, Positions>()
      for (const look of looks) {
        const positions = await putPatched(look, patching, request, tools).catch((error: unknown) => {
          throw error instanceof Refused && only.size > 0 ? new Error(`${error.message}. ${goesOn([...only.keys()].join(' and '))}`) : error
        })
        only.set(look.plan.dlq.name, positions)
      }
      const { planId: _, ...rest } = command
      return makePlan({ ...rest, planId: undefined, filter: {} }, tools, only)
    },
    close: patcher.close,
  }
}

async function lookAt(plan: QueuePlan, patching: Patching, unmask: boolean): Promise<Look> {
  const look: Look = { plan, changed: new Map(), same: new Map(), leftOut: 0, diffs: [] }
  for await (const result of patchedLetters(plan, patching, unmask)) {
    if (result.kind === 'left-out') look.leftOut += 1
    else if (result.kind === 'same') addPositions(look.same, result.letter.partition, result.letter.offset)
    else {
      addPositions(look.changed, result.mended.letter.partition, result.mended.letter.offset)
      if (look.diffs.length < DIFFS) look.diffs.push(result.mended.diff)
    }
  }
  return look
}

/** The places of the mended letters, and of those that the patch leaves as they are. */
async function putPatched({ plan, changed, same }: Look, patching: Patching, request: Request, tools: Tools): Promise<Positions> {
  const { audit, letters, append } = tools
  if (countPositions(changed) === 0) return same
  const mending = { ...plan, selection: changed, selected: countPositions(changed) }
  const there: Positions = new Map()
  let positions: Positions = new Map()
  const run = await decideLetters(mending, { ...request, action: 'patch' }, tools, async (write) => {
    const earlier = await earlierMended(plan, patching)
    const settle = (mended: Mended[]) => write(mended.map(({ letter }) => settledAs(letter, { outcome: 'patched' })))
    let whole = true
    const notThere = async function* (): AsyncGenerator<Mended> {
      const settling: Mended[] = []
      for await (const result of patchedLetters(mending, patching)) {
        if (result.kind !== 'changed') continue
        const place = earlier.get(recordDigest(result.mended.record))
        if (place === undefined) {
          yield result.mended
          continue
        }
        addPositions(there, place.partition, place.offset)
        settling.push(result.mended)
        whole &&= settling.length < LOT || (await settle(settling.splice(0)))
        if (!whole) return
      }
      whole &&= settling.length === 0 || (await settle(settling))
    }
    const done = async (mended: Mended[]) => {
      whole &&= await settle(mended)
      return whole
    }
    positions = await putLetters(plan.dlq, inLots(notThere(), LOT), { letters, append, done })
    return whole
  })
  if (run.refusedBy !== undefined) throw refusedBy(run)
  const { how } = (await audit.refresh()).runs.get(run.id) ?? {}
  if (how !== 'done') throw new Error(`The patch was cancelled before its end. ${goesOn(plan.dlq.name)}`)
  addRanges(positions, [...positionRanges(there), ...positionRanges(same)])
  return positions
}

const goesOn = (where: string) =>
  `Nothing was replayed. Copies of what was mended until then lie in ${where}; the same command goes on from there`

function patchLines(file: string, digest: string, n: { changed: number; same: number; leftOut: number }, diffs: string[][]): string[] {
  return [
    ...wrap(`${file} (sha256 ${digest}) over ${count(n.changed + n.same + n.leftOut, 'letter')}:`),
    `  ${number(n.changed).padStart(7)}  changed: a mended copy takes the place of each`,
    `  ${number(n.same).padStart(7)}  left as they are, and replayed so`,
    `  ${number(n.leftOut).padStart(7)}  left out: they stay open`,
    ...(diffs.length > 0 ? ['', ...diffs.flat()] : []),
  ]
}
