// The outbox and its signal table in PostgreSQL, as a role that may read the one and add to the other.
import { StopProcess } from '@tally/platform/process/errors'
import type pg from 'pg'
import type { Outbox } from './reemit-events.ts'

export function postgresOutbox(client: pg.Client): Outbox {
  return {
    async count({ from, to }) {
      const { rows } = await client.query<{ count: string }>('select count(*) from outbox where id between $1 and $2', [from, to])
      return Number(rows[0]?.count ?? 0)
    },
    async days() {
      const { rows } = await client.query<{ day: string }>(
        `select right(relname, 8) as day from pg_inherits join pg_class on pg_class.oid = inhrelid
         where inhparent = 'outbox'::regclass and relname ~ '^outbox_[0-9]{8}$' order by 1`,
      )
      return rows.map(({ day }) => day)
    },
    async signal(id, { from, to }, why) {
      const data = JSON.stringify({
        type: 'INCREMENTAL',
        'data-collections': ['public.outbox'],
        'additional-conditions': [{ 'data-collection': 'public.outbox', filter: `id between ${from} and ${to}` }],
        why,
      })
      if (data.length > 2_048) throw new StopProcess('WHY is too long: a signal holds 2 048 characters', 2)
      await client.query("insert into dbz_signal (id, type, data) values ($1, 'execute-snapshot', $2)", [id, data])
    },
  }
}
