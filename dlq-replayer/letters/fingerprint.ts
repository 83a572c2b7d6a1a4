// Letters that failed at the same place in the code have the same fingerprint, whatever build or machine they failed on.

export type Fingerprint = { id: string; frames: string[] }

const TOP_FRAMES = 5
const FRAME = /^\s*at (?:async )?(?:(.+?) \()?(?:file:\/\/)?([^()]*?)(?::\d+)?(?::\d+)?\)?$/

/** Undefined without a stack. Function and file of the top frames count; lines, columns and folders do not. */
export function fingerprintOf(stack: string): Fingerprint | undefined {
  const frames = stack
    .split('\n')
    .flatMap((line) => frameOf(line) ?? [])
    .slice(0, TOP_FRAMES)
  return frames.length === 0 ? undefined : { id: hash(frames.join('\n')), frames }
}

/** Runtimes' own frames tell nothing. */
function frameOf(line: string): string | undefined {
  const [, name = 'anonymous', path] = FRAME.exec(line) ?? []
  if (path === undefined || path.startsWith('node:') || path === 'native') return undefined
  return `${name} ${path.split(/[\\/]/).at(-1)}`
}

/** FNV-1a, 32 bits: enough to tell causes of one queue apart. */
function hash(text: string): string {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return (value >>> 0).toString(16).padStart(8, '0')
}

const KEPT = 1_000

/** The same, remembering what it has seen: of a million letters most have the same few stacks, and mostly that of the letter before. */
export function fingerprints(): (stack: Buffer | undefined) => Fingerprint | undefined {
  const seen = new Map<string, Fingerprint | undefined>()
  let last: { stack: Buffer; found: Fingerprint | undefined } | undefined
  return (stack) => {
    if (stack === undefined) return undefined
    if (last?.stack.equals(stack)) return last.found
    const text = stack.toString('latin1')
    const found = seen.has(text) ? seen.get(text) : fingerprintOf(text)
    if (seen.size < KEPT) seen.set(text, found)
    // A copy, since the letter's own bytes are part of all that was fetched with it.
    last = { stack: Buffer.from(stack), found }
    return found
  }
}
