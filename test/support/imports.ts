// Who imports whom, types included, as the sources say it.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const SPECIFIER = /(?:\bfrom|\bimport|\bimport\()\s*'([^'\n]+)'/g

export type Graph = ReadonlyMap<string, ReadonlySet<string>>

/** Every TypeScript file of the checkout, from its root. */
export const sourceFiles = (): string[] =>
  execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts'], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((file) => existsSync(join(ROOT, file)))

export const sourceOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

/** What a file imports, as it is written. */
export const specifiersOf = (file: string): string[] => [...sourceOf(file).matchAll(SPECIFIER)].map(([, specifier = '']) => specifier)

/** The files that each file imports; packages from elsewhere are left out. */
export function importGraph(files = sourceFiles()): Graph {
  return new Map(files.map((file) => [file, new Set(specifiersOf(file).flatMap((specifier) => fileOf(file, specifier) ?? []))]))
}

function fileOf(importer: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return normalize(join(dirname(importer), specifier))
  if (specifier.startsWith('#')) {
    const folder = importer.split('/')[0] ?? ''
    return join(folder, doorsOf(folder).imports?.[specifier] ?? specifier)
  }
  const [, folder = '', door = ''] = /^@tally\/([^/]+)\/(.+)$/.exec(specifier) ?? []
  return folder === '' ? undefined : join(folder, doorsOf(folder).exports?.[`./${door}`] ?? door)
}

type Doors = { imports?: Record<string, string>; exports?: Record<string, string> }

/** What package.json lists for the package's own rooms and for other packages. */
export const doorsOf = (folder: string): Doors => JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))

/** A way round from each of these back to itself, if there is any (Tarjan's strongly connected components of more than one node). */
export function circles(graph: Graph): string[][] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  function visit(node: string): void {
    order.set(node, order.size)
    low.set(node, order.get(node) ?? 0)
    stack.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next)
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0))
    }
    if (low.get(node) !== order.get(node)) return
    const circle = stack.splice(stack.indexOf(node))
    if (circle.length > 1 || graph.get(node)?.has(node)) found.push(circle.sort())
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return found
}
