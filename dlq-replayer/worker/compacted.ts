// Letters of compacted topics, where the last record of a key is all that is left one day: nothing old may lie behind something newer.
import { firstOf } from '#ledger/entry'
import type { Letter } from '#letters/letter'
import { copyOf, keyMark, positionText } from '#letters/letter'
import type { Place } from '#letters/positions'
import type { Replays } from '#ports'
import type { Sent } from './letters-out.ts'

/** A key, and the record of it behind which nothing newer may be missing. */
type Source = { key: string; source: Place }

const isBehind = (record: Place, place: Place) => record.partition !== place.partition || record.offset > place.offset

/** The last record of each key, from the sources on; `except`: places of copies, which are none. */
function newest(topic: string, sources: Source[], replays: Replays, except: ReadonlySet<string> = new Set()) {
  return replays.newestOf(topic, firstOf(sources.map(({ source }) => source)), new Set(sources.map(({ key }) => key)), except)
}

/** Which letters say what a newer record of their key has said anew. */
export async function superseded(topic: string, letters: Letter[], replays: Replays): Promise<(letter: Letter) => boolean> {
  const keyed = letters.flatMap((letter) => {
    const key = keyMark(letter.key)
    return key === undefined ? [] : [{ key, source: letter.original, letter }]
  })
  const last = await newest(topic, keyed, replays)
  const marks = new Set<string>()
  for (const { key, source, letter } of keyed) {
    const record = last.get(key)
    if (record && isBehind(record, source)) marks.add(positionText(letter))
  }
  return (letter) => marks.has(positionText(letter))
}

/** What came while the replays were written and lies before them is written once more. Safe to repeat. */
export async function putRight(topic: string, sent: Sent[], replays: Replays): Promise<void> {
  const copies = new Set<string>()
  let written = sent.flatMap(({ letter, key, at }) => (key === undefined ? [] : [{ key, source: letter.original, at }]))
  while (written.length > 0) {
    const last = await newest(topic, written, replays, copies)
    const hidden = written.flatMap(({ key, source, at }) => {
      const record = last.get(key)
      return record && isBehind(record, source) && !isBehind(record, at) ? [{ key, record }] : []
    })
    if (hidden.length === 0) return
    const places = await replays.append(
      topic,
      hidden.map(({ record }) => ({ ...copyOf(record), partition: record.partition })),
    )
    for (const place of places) copies.add(positionText(place))
    written = hidden.map(({ key, record }, i) => ({ key, source: record, at: places[i] as Place }))
  }
}
