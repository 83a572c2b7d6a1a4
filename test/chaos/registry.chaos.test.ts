import { readFileSync } from 'node:fs'
import type { NewRecord } from '@tally/platform/records/record-log'
import { expect } from 'chai'
import { recordsOf } from '../support/books.ts'
import { underLoad } from '../support/chaos.ts'
import { lettersWith } from '../support/dead-letters.ts'
import { freeze, restarts } from '../support/faults.ts'
import { allReady, untilNotReady } from '../support/ready.ts'
import { appendEvents } from '../support/republish.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const EVENTS = 60

/** A writer's schema that nobody has asked for yet: ours but for its doc, under a subject of its own. */
async function registerTwin(subject: string): Promise<number> {
  const schema = JSON.parse(readFileSync(new URL('../../schemas/OrderPlaced.avsc', import.meta.url), 'utf8'))
  const answer = await fetch(`${stack.schemaRegistryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ schema: JSON.stringify({ ...schema, doc: subject }) }),
  })
  return ((await answer.json()) as { id: number }).id
}

/** Events that were counted already, as another writer would have framed them. */
async function reframed(prefix: string, schemaId: number): Promise<NewRecord[]> {
  const frame = Buffer.alloc(5)
  frame.writeInt32BE(schemaId, 1)
  const records: NewRecord[] = []
  for await (const { key, value, headers } of recordsOf('order-events'))
    if (value?.includes(prefix) && records.length < EVENTS) records.push({ key, value: Buffer.concat([frame, value.subarray(5)]), headers })
  return records
}

describe('what the handler needs, away for a while', () => {
  it('makes it wait, not ready, and dead-letters nothing: the registry, when a schema is still to be fetched', async function () {
    this.timeout(240_000)
    await underLoad(async ({ prefix, more }) => {
      const before = await restarts()
      const twin = await registerTwin(prefix)
      const events = await until(
        async () => {
          const found = await reframed(prefix, twin)
          return found.length === EVENTS && found
        },
        { what: `${EVENTS} events are in the topic`, timeoutMs: 60_000 },
      )
      const thaw = await freeze('schema-registry')
      try {
        await appendEvents(events)
        await untilNotReady(stack.aggregatorOps, 60_000)
        await more(200)
      } finally {
        thaw()
      }
      await allReady()
      expect(await lettersWith(prefix)).to.have.lengthOf(0)
      expect(await restarts()).to.deep.equal(before)
    })
  })
})
