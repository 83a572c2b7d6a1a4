// Puts schemathesis into the cache, once, and prints the path of its command. What it is made of is in requirements.txt.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settings } from '../../ops/stack/config.ts'
import { withLock } from '../../ops/stack/lock.ts'
import { saying } from '../../ops/stack/progress.ts'
import { runCommand } from '../../ops/stack/run-command.ts'

const requirements = new URL('requirements.txt', import.meta.url).pathname
const { cacheDir } = settings()
const folder = join(cacheDir, `schemathesis-${createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)}`)
/** A virtual environment holds its own path and cannot be made elsewhere and moved; this file says that it is whole. */
const whole = join(folder, 'whole')

mkdirSync(cacheDir, { recursive: true })
await withLock(`${folder}.lock`, async () => {
  if (existsSync(whole)) return
  rmSync(folder, { recursive: true, force: true })
  await saying('installing schemathesis from PyPI (30 MB)', async () => {
    await runCommand(['python3', '-m', 'venv', folder])
    await runCommand([join(folder, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements])
  })
  writeFileSync(whole, '')
})
process.stdout.write(`${join(folder, 'bin/schemathesis')}\n`)
