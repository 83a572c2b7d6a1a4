import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { unit } from '../stack/unit.ts'

/** Dies three times at once and the fourth time when told to; then it runs. */
const SCRIPT = `
for n in 1 2 3; do [ -e $n ] || { touch $n; exit 1; }; done
[ -e 4 ] || { touch 4; until [ -e die ]; do sleep 0.05; done; exit 1; }
touch up; exec sleep 600`

describe('a service of a stack', () => {
  it('that is asked for while it is about to die once more is started again: its earlier deaths do not count', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'unit-'))
    const is = (file: string) => existsSync(join(folder, file))
    const dying = unit(
      {
        name: 'dying',
        argv: ['sh', '-c', SCRIPT],
        environment: { PATH: '/usr/bin:/bin' },
        described: {},
        cwd: folder,
        logFile: join(folder, 'log'),
        restart: 'always',
        ports: [],
        startMs: 60_000,
        stopGraceMs: 2_000,
        probe: async () => (is('up') ? undefined : 'it is not up'),
      },
      () => {},
    )
    try {
      const ensure = () => dying.ensure(new AbortController().signal)
      expect(String(await ensure().catch((error: unknown) => error))).to.contain('dying does not start: it exited with code 1')
      await until(() => is('4'), { what: 'its fourth start' })
      const again = ensure()
      writeFileSync(join(folder, 'die'), '')
      await again
    } finally {
      await dying.stop()
      rmSync(folder, { recursive: true })
    }
  })
})
