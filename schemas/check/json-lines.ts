// On which line of a JSON text each value begins, by JSON pointer.

/** The text has to be valid JSON. Lines count from 1; the empty pointer is the whole text. */
export function linesOf(text: string): Map<string, number> {
  const lines = new Map<string, number>()
  const tokens = text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)
  /** What is open around the token: an index, or the key last read. */
  const open: { pointer: string; key: string | number }[] = []
  let line = 1
  let seen = 0
  let expectKey = false
  for (const { 0: token, index } of tokens) {
    for (; seen < index; seen += 1) if (text[seen] === '\n') line += 1
    const around = open.at(-1)
    if (token === ':') continue
    if (token === '}' || token === ']') {
      open.pop()
      expectKey = false
    } else if (token === ',') {
      if (typeof around?.key === 'number') around.key += 1
      else expectKey = true
    } else if (expectKey && around) {
      around.key = JSON.parse(token)
      expectKey = false
    } else {
      const pointer = around ? `${around.pointer}/${escaped(String(around.key))}` : ''
      lines.set(pointer, line)
      if (token === '{' || token === '[') open.push({ pointer, key: token === '[' ? 0 : '' })
      expectKey = token === '{'
    }
  }
  return lines
}

const escaped = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')
