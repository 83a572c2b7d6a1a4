import { Unavailable } from '@tally/platform/process/errors'
import { expect } from 'chai'
import type { CapturePort } from '../capture/read-capture.ts'
import type { Context } from '../commands/command.ts'
import { statusAll } from '../commands/show-status.ts'
import type { Connectors } from '../connect/connectors.ts'

const CONNECTOR = { name: 'c', config: { 'slot.name': 's', 'publication.name': 'p', 'table.include.list': 'public.outbox' } }
const worked = { state: 'RUNNING', worker_id: 'w:1' }
const withoutSlot = { slot: undefined, published: ['public.outbox'], heartbeatAgeMs: 0, newestEventMs: undefined, nowMs: 0 }
const away = async () => {
  throw new Unavailable('it is away')
}

describe('the status of a connector', () => {
  /** Exit code and output where one of those asked may be away. */
  async function shown(facts: CapturePort['facts'], offsets: Connectors['offsets']): Promise<{ code: number; text: string }> {
    const lines: string[] = []
    const connect = {
      names: async () => [],
      status: async () => ({ name: 'c', connector: worked, tasks: [{ id: 0, ...worked }] }),
      offsets,
    }
    const code = await statusAll({
      connect: connect as Partial<Connectors> as Connectors,
      connectors: [CONNECTOR],
      known: ['c'],
      clock: { now: () => 0 },
      print: (line) => lines.push(line),
      waitTimeoutMs: 0,
      json: false,
      verbose: false,
      prune: false,
      capture: { facts },
    } satisfies Context)
    return { code, text: lines.join('\n') }
  }

  it('tells what the database says while Connect does not tell its offsets, and says so', async () => {
    const { code, text } = await shown(async () => withoutSlot, away)
    expect(code).to.equal(1)
    expect(text).to.contain('which it reads from Kafka: it is away').and.contain('slot-missing').and.contain('RUNNING')
  })

  it('tells what Connect says while the database is away, and says so', async () => {
    const { code, text } = await shown(away, async () => ({ offsets: [] }))
    expect(code).to.equal(1)
    expect(text).to.contain('it is away').and.contain('RUNNING')
  })
})
