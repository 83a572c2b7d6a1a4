// Roles, databases and the replication slot: what belongs to the PostgreSQL cluster, not to one schema.
import pg from 'pg'

export type Role = { name: string; password: string; replication?: boolean }

/** Creates roles that are missing and sets every password, so that running it again rotates them. */
export async function ensureRoles(client: pg.Client, roles: Role[]): Promise<void> {
  for (const { name, password, replication = false } of roles) {
    const role = pg.escapeIdentifier(name)
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [name])
    if (rowCount === 0) await client.query(`create role ${role}`)
    await client.query(
      `alter role ${role} with login ${replication ? 'replication' : 'noreplication'} password ${pg.escapeLiteral(password)}`,
    )
  }
}

/** Creates the database if it is missing; only its owner and the given roles may connect. */
export async function ensureDatabase(client: pg.Client, name: string, owner: string, guests: string[] = []): Promise<void> {
  const database = pg.escapeIdentifier(name)
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
  if (rowCount === 0) await client.query(`create database ${database} owner ${pg.escapeIdentifier(owner)}`)
  await client.query(`revoke all on database ${database} from public`)
  for (const guest of guests) await client.query(`grant connect on database ${database} to ${pg.escapeIdentifier(guest)}`)
}

/**
 * Takes the right to write logical messages from every role but superusers, in the client's database: all of them pass through
 * the connector, whose memory one of a hundred megabytes exhausts. Where the function belongs to someone else, as with a managed
 * PostgreSQL, the server warns and changes nothing.
 */
export async function refuseLogicalMessages(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ signature: string }>(
    `select oid::regprocedure::text as signature from pg_proc
     where proname = 'pg_logical_emit_message' and pronamespace = 'pg_catalog'::regnamespace and has_function_privilege('public', oid, 'execute')`,
  )
  for (const { signature } of rows) await client.query(`revoke execute on function ${signature} from public`)
}

/**
 * Creates the outbox's slot in the client's database. It is there before the first order is taken, so that nothing
 * accepted before the connector's first start is missed.
 */
export async function ensureSlot(client: pg.Client, slot: string): Promise<void> {
  const { rows } = await client.query<{ here: boolean }>(
    'select database = current_database() as here from pg_replication_slots where slot_name = $1',
    [slot],
  )
  if (rows[0]?.here === false) throw new Error(`the replication slot ${slot} belongs to another database: drop it or name another slot`)
  if (rows.length === 0) await client.query("select pg_create_logical_replication_slot($1, 'pgoutput', false, false, true)", [slot])
}
