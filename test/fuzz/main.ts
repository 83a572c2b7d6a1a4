// Runs schemathesis, whose path is the argument, over the served description of an ingest-api that is up: see ops/fuzz.
// Then every order has its event, and the process has not grown.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { childEnvironment } from '../support/config.ts'
import { addMerchant } from '../support/orders.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { FUZZ_SECONDS } from './config.ts'

const MIB = 2 ** 20
/** What the process may hold more than at its start, once it is left alone: caches and compiled code, which do not grow with requests. */
const HELD_MORE_BYTES = 24 * MIB
/** V8 collects all garbage only after a while of little work. */
const COLLECTED_MS = 60_000

const fileAt = (name: string) => new URL(name, import.meta.url).pathname

type Metric = { name: string; labels: string; value: number }

async function metrics(): Promise<Metric[]> {
  const text = await (await fetch(`${stack.ingestApiOps}/metrics`)).text()
  return [...text.matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({ name, labels, value: Number(value) }))
}

async function memory(): Promise<{ resident: number; heap: number }> {
  const all = await metrics()
  const gauge = (of: string) => all.find(({ name }) => name === of)?.value ?? Number.NaN
  return { resident: gauge('process_resident_memory_bytes'), heap: gauge('nodejs_heap_size_used_bytes') }
}

/** Answers of /v1 by status, such as `201 × 37`. */
async function answers(): Promise<string> {
  const counts = new Map<string, number>()
  for (const { name, labels, value } of await metrics()) {
    const status = /status="(\d+)"/.exec(labels)?.[1]
    if (name === 'http_server_request_duration_seconds_count' && status) counts.set(status, (counts.get(status) ?? 0) + value)
  }
  return [...counts]
    .sort()
    .map(([status, count]) => `${status} × ${count}`)
    .join(', ')
}

async function rows(): Promise<{ orders: number; unpaired: number }> {
  const client = new pg.Client({ connectionString: stack.database('postgres') })
  await client.connect()
  try {
    const { rows } = await client.query<{ orders: number; unpaired: number }>(
      `select count(o.id)::int orders, (count(*) filter (where o.id is null or e.id is null))::int unpaired
        from orders o full join outbox e on e.aggregateid = o.id::text`,
    )
    return rows[0] ?? { orders: 0, unpaired: 0 }
  } finally {
    await client.end()
  }
}

function fuzz(schemathesis: string, apiKey: string, cwd: string): Promise<number> {
  const child = spawn(
    schemathesis,
    ['--config-file', fileAt('schemathesis.toml'), 'run', `${stack.ingestApi}/openapi.json`, '--max-time', String(FUZZ_SECONDS)],
    {
      cwd,
      stdio: 'inherit',
      env: childEnvironment({ FUZZ_API_KEY: apiKey, SCHEMATHESIS_HOOKS: fileAt('hooks.py') }),
    },
  )
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

const scratch = mkdtempSync(join(tmpdir(), 'tally-fuzz-'))
const before = await memory()
const code = await fuzz(process.argv[2] ?? '', await addMerchant('fuzz'), scratch)
rmSync(scratch, { recursive: true })
const under = await memory()
let after = under
const collected = async () => {
  after = await memory()
  return after.heap <= before.heap + HELD_MORE_BYTES
}
const flat = await until(collected, { what: 'memory is given back', timeoutMs: COLLECTED_MS }).then(
  () => true,
  () => false,
)
const { orders, unpaired } = await rows()

const mib = ({ resident, heap }: typeof before) => `${(resident / MIB).toFixed(0)} MiB (heap ${(heap / MIB).toFixed(0)})`
process.stdout.write(
  `
fuzzed ${FUZZ_SECONDS} s, answers: ${await answers()}
orders: ${orders}, rows without their counterpart in orders or outbox: ${unpaired}
memory: ${mib(before)} before, ${mib(under)} at the end, ${mib(after)} when collected: ${flat ? 'flat' : 'it grows'}
schemathesis: ${code === 0 ? 'no failure' : `failed with exit code ${code}, see above`}
`,
)
process.exitCode = code === 0 && unpaired === 0 && orders > 0 && flat ? 0 : 1
