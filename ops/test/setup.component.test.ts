import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { findJava } from '../stack/java.ts'
import { withLock } from '../stack/lock.ts'
import { verify } from '../stack/sums.ts'

describe('setting up', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'set-up-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)

  it('takes files whose sums are listed', async () => {
    write('a.jar', 'a')
    await verify(folder, [{ path: 'a.jar', sha256: sha256('a') }])
  })

  it('refuses a changed, a missing and an unlisted file, naming each', async () => {
    write('changed.jar', 'changed')
    write('unlisted.jar', 'x')
    const expected = ['changed.jar', 'missing.jar'].map((path) => ({ path, sha256: sha256('original') }))
    const fault = await verify(folder, expected).catch((error: Error) => error.message)
    expect(fault).to.contain(`changed.jar has SHA-256 ${sha256('changed')}`)
    expect(fault).to.contain('missing.jar is missing')
    expect(fault).to.contain('unlisted.jar is not listed')
  })

  function fakeJava(home: string, version: string): string {
    const bin = join(folder, home, 'bin')
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, 'java'), `#!/bin/sh\necho 'openjdk version "${version}" 2099-01-01' >&2\n`)
    chmodSync(join(bin, 'java'), 0o755)
    return join(folder, home)
  }

  it('takes the newest Java of all places', () => {
    const home = fakeJava('older', '901.0.2')
    const path = `${join(fakeJava('newer', '902-ea'), 'bin')}:${join(folder, 'nowhere')}`
    expect(findJava(home, path)).to.deep.equal({ path: join(folder, 'newer/bin/java'), version: 902 })
  })

  it('knows Java 8 by its old name for itself', () => {
    const home = fakeJava('eight', '1.8.0_402')
    expect(() => findJava(home, '', join(folder, 'none'))).to.throw(/Java 21 or newer is needed.*eight\/bin\/java is 8/)
  })

  it('lets one at a time work, and passes over a holder that died', async () => {
    const lock = join(folder, 'lock')
    const marks: string[] = []
    const first = withLock(lock, async () => {
      marks.push('first')
      await until(() => existsSync(join(folder, 'go')), { what: 'the first may go on' })
      marks.push('first done')
    })
    const second = withLock(lock, async () => {
      marks.push('second')
    })
    write('go', '')
    await Promise.all([first, second])
    expect(marks).to.deep.equal(['first', 'first done', 'second'])

    const { stdout } = await promisify(execFile)(process.execPath, ['-e', 'console.log(process.pid)'])
    mkdirSync(lock)
    writeFileSync(join(lock, 'holder'), `${stdout.trim()} 1`)
    expect(await withLock(lock, async () => 'in')).to.equal('in')
  })
})
