// Works one cut of a run: what is left of it goes out load by load; what another run settled, or nobody keeps any more, is noted.

import { queueOf } from '#ledger/ledger'
import type { Settled } from '#ledger/outcome'
import { settledAs } from '#ledger/outcome'
import type { Dlq } from '#letters/letter'
import { parted } from '#letters/letter'
import { lettersInLoads } from '#letters/letter-loads'
import type { Positions, Range } from '#letters/positions'
import { addPlaces, coversRange, hasPosition, missingFrom } from '#letters/positions'
import type { Cut } from './drive-runs.ts'
import { replayLoads } from './replay-loads.ts'
import { endingOf, loadSize } from './run-brake.ts'
import type { CutWork } from './work.ts'

/** Works the cut as far as the run's state lets it; safe to repeat at any point. */
export async function workCut(dlq: Dlq, { run: id, cut, ranges }: Cut, work: CutWork): Promise<void> {
  const { audit, letters, clock } = work
  const ledger = await audit.refresh()
  const run = ledger.runs.get(id)
  if (run === undefined || run.state === 'ended') return
  const { final } = queueOf(ledger, dlq.name)
  const settle = async (settled: Settled[]) => {
    for (let i = 0; i < settled.length; i += SETTLED_PER_ENTRY) {
      const some = settled.slice(i, i + SETTLED_PER_ENTRY)
      await audit.append([{ kind: 'settled', run: id, dlq: dlq.name, letters: some, at: clock.now() }])
    }
  }
  const found: Positions = new Map()
  const loads = replayLoads({ dlq, run, cut, settle, work })
  const isLeft = () => ranges.some((range) => !coversRange(run.settled, range))
  let whole = true
  for await (const load of lettersInLoads(letters.read(dlq, ranges), () => loadSize(run, work.maxLag))) {
    addPlaces(found, load)
    const left = load.filter(({ partition, offset }) => !hasPosition(run.settled, partition, offset))
    const [gone, open] = parted(left, ({ partition, offset }) => hasPosition(final, partition, offset))
    await settle(gone.map((letter) => settledAs(letter, { outcome: 'settled-earlier' })))
    whole = open.length === 0 || (await loads.replay(open))
    if (!whole) break
  }
  await loads.settled()
  if (whole) await settle(goneFrom(ranges, found, run.settled))
  await audit.refresh()
  if (work.stopping.aborted) return
  const ending = run.state === 'cancelling' ? 'cancelled' : isLeft() ? endingOf(run, cut) : undefined
  if (ending) await audit.append([{ kind: 'ended', run: id, how: ending, at: clock.now() }])
}

const SETTLED_PER_ENTRY = 5_000

/** What the ranges name and the queue does not hold any more. */
const goneFrom = (ranges: Range[], found: Positions, settled: Positions): Settled[] =>
  missingFrom(missingFrom(ranges, found), settled).map((range) => ({ ...range, outcome: 'missing' as const }))
