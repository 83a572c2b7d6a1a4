// JSON in which a key stands once in each object: JSON.parse would keep the last one and say nothing of the others.

/** Names the keys that stand more than once in their object, by JSON pointer. */
export class RepeatedKeys extends Error {
  override name = 'RepeatedKeys'
  readonly pointers: string[]
  constructor(pointers: string[]) {
    super(`keys that stand more than once: ${pointers.join(', ')}`)
    this.pointers = pointers
  }
}

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c
const MAX_POINTERS = 10
const MAX_POINTER_LENGTH = 200

/** Costs one scan more than JSON.parse. @throws SyntaxError, RepeatedKeys */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  // Each key has one colon; of a key that stands twice the value keeps one.
  if (colonsIn(text) !== keysIn(value)) throw new RepeatedKeys(repeatedKeys(text))
  return value
}

/** Outside strings, of text that is JSON. */
function colonsIn(text: string): number {
  let colons = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === COLON) colons += 1
    else if (code === QUOTE) at = endOfString(text, at)
  }
  return colons
}

/** Where the string that opens at `start` closes. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return at
  }
}

/** In all objects of a value, however deep: no recursion. */
function keysIn(value: unknown): number {
  let keys = 0
  const open: object[] = typeof value === 'object' && value !== null ? [value] : []
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const inside = Object.values(next)
    if (!Array.isArray(next)) keys += inside.length
    for (const item of inside) if (typeof item === 'object' && item !== null) open.push(item)
  }
  return keys
}

type Level = { seen: Set<string> | undefined; step: string | number; keyNext: boolean }

function repeatedKeys(text: string): string[] {
  const levels: Level[] = []
  const pointers: string[] = []
  for (let at = 0; at < text.length && pointers.length < MAX_POINTERS; at += 1) {
    const level = levels.at(-1)
    const char = text[at]
    if (char === '{') levels.push({ seen: new Set(), step: '', keyNext: true })
    else if (char === '[') levels.push({ seen: undefined, step: 0, keyNext: false })
    else if (char === '}' || char === ']') levels.pop()
    else if (char === ',' && level?.seen) level.keyNext = true
    else if (char === ',' && typeof level?.step === 'number') level.step += 1
    else if (char === '"') {
      const end = endOfString(text, at)
      if (level?.seen && level.keyNext) {
        const key = JSON.parse(text.slice(at, end + 1)) as string
        level.step = key
        level.keyNext = false
        if (level.seen.has(key)) pointers.push(pointerTo(levels))
        level.seen.add(key)
      }
      at = end
    }
  }
  return pointers
}

/** RFC 6901, cut off where it gets absurd. */
function pointerTo(levels: Level[]): string {
  const steps = levels.slice(0, MAX_POINTER_LENGTH).map(({ step }) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`)
  return steps.join('').slice(0, MAX_POINTER_LENGTH)
}
