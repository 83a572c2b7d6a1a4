// A patch: what it changes is shown, bounded, put beside the letter it mends, and written down.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { systemClock } from '@tally/platform/process/clock'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { controlRuns } from '../command/control-run.ts'
import { queueOf } from '../ledger/ledger.ts'
import { openPatch } from '../mend/node-patch.ts'
import { changesOf } from '../mend/patch-letter.ts'
import { earlierMended } from '../mend/patch-letters.ts'
import { emptyPlan } from '../plan/plan.ts'
import type { Audit } from '../ports.ts'
import { driveRuns } from '../worker/drive-runs.ts'
import { workCut } from '../worker/work-cut.ts'
import { DLQ, letter } from './support/letters.ts'
import { memoryCommand } from './support/memory-command.ts'
import { memoryWorld, type World } from './support/memory-world.ts'
import { expectSnapshot } from './support/snapshot.ts'

const ORDER = { orderId: 7n, merchantId: 'globex', totalMinor: -5n, lines: [{ sku: 'A', quantity: 0 }] }

describe('a patch', function () {
  this.timeout(20_000)
  const file = join(tmpdir(), `tally-patch-${process.pid}.ts`)
  const patch = (body: string) => writeFileSync(file, `export default (letter: { value: Buffer; decoded: any }) => { ${body} }\n`)
  after(() => rmSync(file, { force: true }))

  /** Letters 0 to 3; the group takes what begins with 9, and fails on the rest. */
  const world = () =>
    memoryWorld(
      [0, 1, 2, 3].map((n) => letter(n, { value: Buffer.from([n, 1, 2]) })),
      (record) => (record.value?.[0] === 9 ? 'counted' : 'undecodable'),
    )
  /** Runs GO while a service works beside it. */
  async function go(of: World, given = {}) {
    const answer = memoryCommand(of, { form: 'go', patchFile: file, why: 'mended by hand', yes: true, canary: 0, ...given })
    let ended = false
    void answer.finally(() => (ended = true)).catch(() => {})
    while (!ended) {
      await driveRuns(of.audit, of.queue, systemClock)
      for (const cut of of.queued.splice(0)) await workCut(DLQ, cut, of.work)
      await setImmediate()
    }
    return answer
  }

  it('adds, changes and takes away headers of any name, also of one that objects have of themselves', async () => {
    const names = ['constructor', 'toString', 'plain']
    for (const [before, after] of [
      [{}, Object.fromEntries(names.map((name) => [name, Buffer.from(name)]))],
      [Object.fromEntries(names.map((name) => [name, Buffer.from(name)])), {}],
    ] as const) {
      const letterOf = (headers: Record<string, Buffer>) => ({ key: null, value: Buffer.from('x'), headers, decoded: undefined })
      expect(changesOf(letterOf(before) as never, letterOf(after)).headers).to.have.members(names)
    }
  })

  it('that is cancelled replays nothing, and goes on from there when it is given again', async () => {
    patch('return letter.value[0] === 9 ? letter : { ...letter, value: Buffer.from([9, ...letter.value]) }')
    const of = memoryWorld(Array.from({ length: 500 }, (_, n) => letter(n, { value: Buffer.from([1, n >> 8, n & 255]) })))
    let cancelled = false
    const audit: Audit = {
      ...of.audit,
      async append(entries) {
        await of.audit.append(entries)
        if (entries[0]?.kind !== 'settled' || cancelled) return
        cancelled = true
        await controlRuns({ kind: 'cancelled', who: 'bob' }, undefined, of.audit, systemClock)
      },
    }
    const given = { form: 'go' as const, patchFile: file, why: 'mended by hand', yes: true, canary: 0 }
    const fault = await memoryCommand(of, given, { tools: { audit } }).catch((error: Error) => error)
    expect(fault).to.be.an('error').with.property('message').that.includes(`cancelled before its end. Nothing was replayed. Copies`)
    expect([of.sent.length, of.letters.length]).to.deep.equal([0, 900])
    expect((await go(of)).exitCode).to.equal(0)
    expect(new Set(of.sent.map(({ headers }) => String(headers?.id))).size).to.equal(500)
    expect([of.sent.length, of.letters.length]).to.deep.equal([500, 1_000])
  })

  it('mends letters, leaves some as they are and some out; the old ones are settled and the books balance', async () => {
    patch(
      'if (letter.value[0] === 3) return null; return letter.value[0] === 2 ? letter : { ...letter, value: Buffer.from([9, letter.value[0]]) }',
    )
    const of = world()
    const { exitCode, out } = await go(of)
    expect(exitCode, out.join()).to.equal(2)
    expect(of.sent.map(({ value }) => [...(value ?? [])])).to.have.deep.members([
      [2, 1, 2],
      [9, 0],
      [9, 1],
    ])
    expect(of.sent.map(({ headers }) => String(headers?.id))).to.have.members(
      [0, 1, 2].map((n) => String(384_000_000_000_000_000n + BigInt(n))),
    )
    expect(of.sent.every(({ headers }) => !Object.keys(headers ?? {}).some((name) => /^dlq\.patch/.test(name)))).to.equal(true)
    const queue = queueOf(await of.audit.refresh(), DLQ.name)
    expect(queue.counts).to.deep.equal({ patched: 2, counted: 2, 'failed-again': 1 })
    const open = JSON.parse((await memoryCommand(of, { form: 'plan', json: true })).out[0] ?? '')
    expect(open.selected + 5).to.equal(of.letters.length)
    const started = of.entries.flatMap((entry) => (entry.kind === 'started' ? [entry] : []))
    expect(started.map(({ action, why }) => [action, why])).to.deep.equal([
      ['patch', 'mended by hand'],
      ['replay', 'mended by hand'],
    ])
    expect(started[0]?.filter.PATCH).to.match(/sha256:[0-9a-f]{16}$/)
  })

  it('shows what it would change as a masked diff, and changes nothing', async () => {
    patch('letter.decoded.totalMinor = 5n; letter.decoded.merchantId = "acme"; letter.decoded.lines[0].quantity = 1; return letter')
    const of = world()
    const tools = { decode: async () => structuredClone(ORDER), encode: async () => Buffer.from([9]) }
    const { out, exitCode } = await memoryCommand(of, { form: 'plan', patchFile: file, rate: 500 }, { tools, nowMs: 1_764_000_000_000 })
    expect(exitCode).to.equal(0)
    expectSnapshot('patch', (out[0] ?? '').replaceAll(file, 'mend.ts').replace(/sha256 \w{16}/, 'sha256 0123456789abcdef'))
    expect(out[0]).not.to.match(/globex|acme/)
    expect([of.letters.length, of.entries.length]).to.deep.equal([4, 0])
  })

  it('puts no letter twice when it is used again after it was broken off', async () => {
    patch('return letter.value[0] === 9 ? letter : { ...letter, value: Buffer.from([9, letter.value[0]]) }')
    const of = world()
    const { audit } = of
    const dying = {
      ...audit,
      append: async (entries: Parameters<typeof audit.append>[0]) => {
        if (entries[0]?.kind === 'settled') throw new Error('killed')
        await audit.append(entries)
      },
    }
    await memoryCommand(of, { form: 'go', patchFile: file, why: 'x', yes: true }, { tools: { audit: dying } }).catch(() => {})
    expect(of.letters.length).to.equal(8)
    await driveRuns(audit, of.queue, { ...systemClock, now: () => systemClock.now() + 61_000 })
    expect((await go(of)).exitCode).to.equal(0)
    expect(of.letters.length).to.equal(8)
    expect(of.sent.length).to.equal(4)
    expect(queueOf(await audit.refresh(), DLQ.name).counts).to.deep.equal({ patched: 4, counted: 4 })
  })

  it('that was broken off holds places alone, not letters, and settles what it put before in lots', async () => {
    patch('return { ...letter, value: Buffer.from([9, ...letter.value]) }')
    const of = memoryWorld(Array.from({ length: 450 }, (_, n) => letter(n)))
    const { audit } = of
    const dying = {
      ...audit,
      append: async (entries: Parameters<typeof audit.append>[0]) => {
        if (entries[0]?.kind !== 'settled') await audit.append(entries)
        if (entries[0]?.kind === 'ended') throw new Error('killed')
      },
    }
    await memoryCommand(
      of,
      { form: 'go', patchFile: file, why: 'x', yes: true, filter: { MAX: '450' } },
      { tools: { audit: dying } },
    ).catch(() => {})
    expect(of.letters.length).to.equal(900)
    const patcher = await openPatch(file)
    const plan = emptyPlan(DLQ, new Map([[0, 900n]]))
    const patching = { letters: of.reader, patcher, decode: async () => undefined, encode: async () => Buffer.alloc(0) }
    const places = await earlierMended(plan, patching).finally(patcher.close)
    expect([...places.values()]).to.deep.equal(Array.from({ length: 450 }, (_, n) => ({ partition: 0, offset: BigInt(450 + n) })))

    expect((await go(of, { filter: { MAX: '450' } })).exitCode).to.equal(0)
    const settled = of.entries.flatMap((entry) => (entry.kind === 'settled' && entry.letters[0]?.outcome === 'patched' ? [entry] : []))
    expect(settled.map(({ letters }) => letters.length)).to.deep.equal([200, 200, 50])
    expect(of.letters.length).to.equal(900)
    expect(queueOf(await audit.refresh(), DLQ.name).counts).to.deep.equal({ patched: 450, counted: 450 })
  })

  it('that fails, or gives back no letter, is refused naming the letter', async () => {
    for (const [body, why] of [
      ['throw new Error("no price")', 'letter 0/0 of order-events-aggregator-dlq: no price'],
      ['return letter.value[0] === 2 ? 7 : letter', 'letter 0/2 of order-events-aggregator-dlq: the patch gives back neither'],
      ['process.exit(0)', 'it ended its thread'],
    ] as const) {
      patch(body)
      const of = world()
      expect(await memoryCommand(of, { form: 'go', patchFile: file, why: 'x', yes: true }).catch(String)).to.include(why)
      expect([of.letters.length, of.entries.length]).to.deep.equal([4, 0])
    }
    writeFileSync(file, 'export const patch = 1\n')
    expect(await memoryCommand(world(), { form: 'plan', patchFile: file }).catch(String)).to.include('no function as its default export')
  })

  describe('in its thread', () => {
    const given = { topic: 't', partition: 0, offset: '0', eventId: '1', reason: '', exception: '', message: '', attempts: 1, replays: 0 }
    const whole = { ...given, key: null, value: Buffer.from('x'), headers: {}, decoded: undefined }

    it('is ended when it takes too long over a letter', async () => {
      patch('for (;;) {}')
      const patcher = await openPatch(file, 200)
      expect(await patcher.apply(whole).catch(String)).to.include('took longer than 0.2 s, and was ended')
    })

    it('is not ended for a pause of the process that asks', async () => {
      const done = `${file}.done`
      patch(`setTimeout(() => process.getBuiltinModule('fs').writeFileSync(${JSON.stringify(done)}, ''), 10); return letter`)
      const patcher = await openPatch(file, 300)
      // Out of the reading of messages, which would go on with this one before any timer.
      await setImmediate()
      const answer = patcher.apply(whole)
      // This thread stands still: it reads nothing until the answer has been there for longer than a letter may take.
      const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
      while (!existsSync(done)) standStill(20)
      standStill(400)
      expect(String((await answer.finally(patcher.close))?.value)).to.equal('x')
      rmSync(done)
    })

    it('is ended when it takes more than 256 MB', async () => {
      patch(
        'const megabytes = Array.from({ length: 400 }, () => new Array(131_072).fill(1.5)); return megabytes.length > 0 ? letter : null',
      )
      const patcher = await openPatch(file, 20_000)
      expect(await patcher.apply(whole).finally(patcher.close).catch(String)).to.include('memory limit')
    })

    it('that fails in what it does not await is ended, and the next letter is refused by that', async () => {
      patch('setTimeout(() => Promise.reject(new Error("no price for it")), 20); return letter')
      const patcher = await openPatch(file)
      expect(String((await patcher.apply(whole))?.value)).to.equal('x')
      const fault = await until(() => patcher.apply(whole).then(() => undefined, String), { what: 'the next letter is refused' })
      expect(fault).to.include('no price for it').and.include('did not await')
      await patcher.close()
    })

    it('that gives back what cannot leave its thread is refused by that', async () => {
      patch('return { ...letter, decoded: { total: () => 1 } }')
      const patcher = await openPatch(file)
      expect(await patcher.apply(whole).finally(patcher.close).catch(String)).to.match(/^Error: \(\) => 1 could not be cloned\.$/)
    })

    it('sees nothing of the environment', async () => {
      patch('return { ...letter, value: JSON.stringify(process.env) }')
      const patcher = await openPatch(file)
      const seen = await patcher.apply(whole).finally(patcher.close)
      expect(String(seen?.value)).to.equal('{}')
    })
  })
})
