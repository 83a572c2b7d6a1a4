import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { expect } from 'chai'
import { childEnvironment } from '../../test/support/config.ts'
import { settings } from '../stack/config.ts'
import { postgresDir } from '../stack/places.ts'
import { readPlan } from '../stack/plan.ts'
import { setUp } from '../stack/setup.ts'
import { unit } from '../stack/unit.ts'
import { freePort } from './support/free-port.ts'

describe('PostgreSQL without a container', () => {
  it('leaves no shared-memory segment, even when it was killed and is stopped before it is back', async () => {
    const env = childEnvironment({ STACK: `t-${randomUUID().slice(0, 8)}`, PORT_OFFSET: '0', POSTGRES_PORT: String(await freePort()) })
    const stack = settings(env)
    await setUp(stack)
    const postgres = unit(readPlan(stack, env).spec('postgres'), () => {})
    try {
      await postgres.ensure(new AbortController().signal)
      const pid = postgres.running()?.pid
      expect(segmentCreators()).to.include(pid)
      await postgres.kill()
      expect(segmentCreators()).to.include(pid)
      await postgres.stop()
      expect(segmentCreators()).not.to.include(pid)
    } finally {
      await postgres.stop()
      for (const folder of [stack.stackDir, postgresDir(stack)]) rmSync(folder, { recursive: true, force: true })
    }
  })
})

/** Columns of /proc/sysvipc/shm: key shmid perms size cpid … */
function segmentCreators(): number[] {
  const rows = readFileSync('/proc/sysvipc/shm', 'utf8').trim().split('\n').slice(1)
  return rows.map((row) => Number(row.trim().split(/\s+/)[4]))
}
