// Another version of this checkout: its files copied, its installed packages shared. For what comes after a release.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const root = new URL('../..', import.meta.url).pathname

export type Checkout = { path: string; remove(): void }

/** What git does not ignore, as it stands. Files in it can be changed freely; the workspaces it imports are its own. */
export function copyCheckout(): Checkout {
  const path = mkdtempSync(join(tmpdir(), 'tally-checkout-'))
  const listed = execFileSync('git', ['ls-files', '-coz', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(path, file)), { recursive: true })
    // Their times too: packages older than package-lock.json would be installed again.
    cpSync(join(root, file), join(path, file), { preserveTimestamps: true })
  }
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { workspaces: string[] }
  for (const folder of ['.', ...workspaces]) linkPackages(path, folder)
  mkdirSync(join(path, 'node_modules/@tally'))
  for (const workspace of workspaces) symlinkSync(join(path, workspace), join(path, 'node_modules/@tally', workspace))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

function linkPackages(path: string, folder: string): void {
  const packages = join(root, folder, 'node_modules')
  if (!existsSync(packages)) return
  mkdirSync(join(path, folder, 'node_modules'))
  for (const name of readdirSync(packages)) {
    if (name !== '@tally' && name !== '.cache') symlinkSync(join(packages, name), join(path, folder, 'node_modules', name))
  }
}

/**
 * Replaces a text in one of its files; returns what puts it back.
 * @throws when the text does not stand there exactly once
 */
export function replaceOnce({ path }: Checkout, file: string, search: string, replacement: string): () => void {
  const before = readFileSync(join(path, file), 'utf8')
  const parts = before.split(search)
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times: ${search}`)
  writeFileSync(join(path, file), parts.join(replacement))
  return () => writeFileSync(join(path, file), before)
}

export type Started = { process: ChildProcess; output(): string; ended: Promise<number | string | null> }

/** Runs a file of it with nothing but this environment. */
export function runIn({ path }: Checkout, file: string, env: Record<string, string>): Started {
  const child = spawn(process.execPath, [join(path, file)], { cwd: path, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk
    })
  const ended = new Promise<number | string | null>((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)))
  return { process: child, output: () => output, ended }
}
