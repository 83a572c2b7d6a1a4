// Fills the cache: everything the stack runs on beyond npm's packages, checked against downloads.sha256, each part once.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Settings } from './config.ts'
import { StackError } from './errors.ts'
import { readIfThere } from './files.ts'
import { withLock } from './lock.ts'
import { copyArchive, copyJars } from './maven.ts'
import { unwalkable } from './nobody.ts'
import { saying } from './progress.ts'
import { runCommand } from './run-command.ts'
import { verify } from './sums.ts'
import { cached, download, downloads, postgresPackage } from './tools.ts'

const UNFINISHED = '.unfinished-'

type Part = { folder: string; what: string; fill(folder: string): Promise<void> }

const parts = (): Part[] => [
  { folder: cached.postgres(), what: 'unpacking PostgreSQL', fill: fillPostgres },
  { folder: cached.kafka(), what: 'fetching Kafka and Kafka Connect with Maven (55 MB)', fill: fillKafka },
  archive(
    cached.debezium(),
    'fetching the Debezium connector with Maven (23 MB)',
    'io.debezium:debezium-connector-postgres:3.7.0.Final:tar.gz:plugin',
  ),
  archive(cached.apicurio(), 'fetching the Apicurio registry with Maven (159 MB)', 'io.apicurio:apicurio-registry-app:3.3.3:tar.gz:all'),
]

/** Parts that are not in the cache yet. */
export const missingParts = ({ cacheDir }: Settings): string[] =>
  parts()
    .filter(({ folder }) => !existsSync(join(cacheDir, folder)))
    .map(({ what }) => what)

/** Fills what is missing; says nothing when nothing is. */
export async function setUp(settings: Settings): Promise<void> {
  const { cacheDir } = settings
  const barrier = unwalkable(cacheDir)
  if (barrier) throw new StackError(`TALLY_CACHE is ${cacheDir}, and ${barrier} lets only its owner through: PostgreSQL runs as nobody`)
  if (missingParts(settings).length === 0) return
  mkdirSync(cacheDir, { recursive: true })
  await withLock(join(cacheDir, '.lock'), async () => {
    // What an interrupted set-up left: nobody else is at it now.
    for (const name of readdirSync(cacheDir).filter((name) => name.startsWith(UNFINISHED)))
      rmSync(join(cacheDir, name), { recursive: true })
    for (const { folder, what, fill } of parts()) {
      const target = join(cacheDir, folder)
      if (existsSync(target)) continue
      const unfinished = mkdtempSync(join(cacheDir, UNFINISHED))
      try {
        await saying(what, () => fill(unfinished))
        await runCommand(['chmod', '-R', 'a+rX', unfinished])
        renameSync(unfinished, target)
      } finally {
        rmSync(unfinished, { recursive: true, force: true })
      }
    }
  })
}

async function fillPostgres(folder: string): Promise<void> {
  const native = join(postgresPackage, 'native')
  if (!existsSync(native)) throw new StackError(`${postgresPackage} is missing: this needs Linux on x64, and npm ci with optional packages`)
  for (const name of ['bin', 'lib', 'share']) cpSync(join(native, name), join(folder, name), { recursive: true })
  // npm packages cannot hold symbolic links: this list is what the package's own install script makes of them.
  const links = JSON.parse(readIfThere(join(native, 'pg-symlinks.json')) ?? '[]') as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(folder, target.replace(/^native\//, ''))
    if (!existsSync(link)) symlinkSync(basename(source), link)
  }
  if (links.some(({ source, target }) => dirname(source) !== dirname(target))) throw new StackError('a PostgreSQL link leaves its folder')
}

async function fillKafka(folder: string): Promise<void> {
  await copyJars(folder)
  await verify(
    folder,
    downloads()
      .filter(({ path }) => path.startsWith('kafka/'))
      .map(({ sha256, path }) => ({ sha256, path: basename(path) })),
  )
}

function archive(folder: string, what: string, artifact: string): Part {
  const [, name = ''] = artifact.split(':')
  return {
    folder,
    what,
    async fill(into) {
      const { path, sha256 } = download(name)
      await copyArchive(artifact, into)
      await verify(into, [{ path, sha256 }])
      await runCommand(['tar', 'xzf', path], { cwd: into })
      rmSync(join(into, path))
    },
  }
}
