// Letters of compacted topics, where the last record of a key is all that is left one day: nothing old may lie behind something newer.
import type { LogRecord } from '@tally/platform/record-log'
import type { Ends } from './ledger-entry.ts'
import type { Letter } from './letter.ts'
import { keyMark, positionText } from './letter.ts'
import type { Sent } from './letters-out.ts'
import type { Place } from './positions.ts'
import type { Replays } from './work-cut.ts'

/** A key, what was taken from the topic for it so far, and behind which nothing that is newer may be missing. */
type Written = { key: string; source: Place; at?: Place }

const isBehind = (record: Place, place: Place) => record.partition !== place.partition || record.offset > place.offset

/** The records that are newer than the sources, by key; `except`: places of copies, which are none. */
async function newer(topic: string, written: Written[], replays: Replays, except: ReadonlySet<string>): Promise<Map<string, LogRecord>> {
  const since: Ends = new Map()
  for (const { source } of written) {
    const known = since.get(source.partition)
    if (known === undefined || source.offset < known) since.set(source.partition, source.offset)
  }
  const newest = await replays.newestOf(topic, since, new Set(written.map(({ key }) => key)), except)
  return new Map(
    written.flatMap(({ key, source }) => {
      const record = newest.get(key)
      return record && isBehind(record, source) ? [[key, record] as const] : []
    }),
  )
}

/** Which letters say what a newer record of their key has said anew. */
export async function superseded(topic: string, letters: Letter[], replays: Replays): Promise<(letter: Letter) => boolean> {
  const keyed = letters.flatMap((letter) => {
    const key = keyMark(letter.key)
    return key === undefined ? [] : [{ key, source: letter.original, letter }]
  })
  const marks = new Set<string>()
  // Of letters with one key each has a source of its own, and the newest record is the same.
  const newest = await newer(topic, keyed, replays, new Set())
  for (const { key, source, letter } of keyed) {
    const record = newest.get(key)
    if (record && isBehind(record, source)) marks.add(positionText(letter))
  }
  return (letter) => marks.has(positionText(letter))
}

/** What came while the replays were written and lies before them is written once more. Safe to repeat. */
export async function putRight(topic: string, sent: Sent[], replays: Replays): Promise<void> {
  const copies = new Set<string>()
  let written: (Written & { at: Place })[] = sent.flatMap(({ letter, key, at }) =>
    key === undefined ? [] : [{ key, source: letter.original, at }],
  )
  while (written.length > 0) {
    const newest = await newer(topic, written, replays, copies)
    const hidden = written.flatMap(({ key, at }) => {
      const record = newest.get(key)
      return record && !isBehind(record, at) ? [{ key, record }] : []
    })
    if (hidden.length === 0) return
    const places = await replays.append(
      topic,
      hidden.map(({ record: { key, value, headers, repeatedHeaders, partition } }) => ({
        ...{ key, value, headers, partition },
        ...(repeatedHeaders && { repeatedHeaders }),
      })),
    )
    for (const place of places) copies.add(positionText(place))
    written = hidden.map(({ key, record }, i) => ({ key, source: record, at: places[i] as Place }))
  }
}
