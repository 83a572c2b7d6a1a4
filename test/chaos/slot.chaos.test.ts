import { expect } from 'chai'
import pg from 'pg'
import { underLoad } from '../support/chaos.ts'
import { allCounted } from '../support/counts.ts'
import { stackCommand } from '../support/orders.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const CONNECTOR = `${stack.connectUrl}/connectors/order-outbox`
const connectors = (verb: string, extra: Record<string, string> = {}) =>
  stackCommand(['exec', 'apply-connectors', '--', 'node', 'connectors/main.ts', verb], extra)

async function bySuperuser(sql: string): Promise<void> {
  const client = new pg.Client(stack.database('postgres'))
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

const MISHAPS = {
  'advanced by hand': "select pg_replication_slot_advance('order_outbox', pg_current_wal_lsn())",
  dropped: "select pg_drop_replication_slot('order_outbox')",
}

describe('the replication slot', () => {
  for (const [mishap, sql] of Object.entries(MISHAPS))
    it(`${mishap} past events nobody has sent is mended by make connect-recover`, async function () {
      this.timeout(240_000)
      const { repeated } = await underLoad(async ({ more }) => {
        // Of these, some are on the topic before the connector stops: they are what comes twice.
        await allCounted()
        await connectors('stop')
        await more(300)
        await until(
          async () => {
            await bySuperuser(sql)
            return true
          },
          { what: 'the slot is free' },
        )
        await more(300)
        await connectors('recover', { WHY: 'chaos' })
        const { connector } = (await (await fetch(`${CONNECTOR}/status`)).json()) as { connector: { state: string } }
        expect(connector.state).to.equal('RUNNING')
      })
      expect(repeated).to.be.greaterThan(0)
    })
})
