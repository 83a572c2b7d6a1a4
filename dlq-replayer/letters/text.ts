// Small pieces of text that fit an 80-column terminal.

export const COLUMNS = 80

/** Cut to the width, with an ellipsis where something is missing; control characters become spaces. */
export function fit(text: string, width: number): string {
  const line = text.replace(/\p{Cc}+/gu, ' ')
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`
}

/** Words in lines of at most 80 columns, every line indented. */
export function wrap(text: string, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > COLUMNS) {
      lines.push(`${indent}${line}`)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return line === '' ? lines : [...lines, `${indent}${line}`]
}

/** Broken at the width wherever it falls, into at most so many lines. */
export function chunks(text: string, indent: string, lines: number): string[] {
  const width = COLUMNS - indent.length
  const shown = fit(text, width * lines)
  return Array.from({ length: Math.ceil(shown.length / width) }, (_, i) => `${indent}${shown.slice(i * width, (i + 1) * width)}`)
}

/** `1 letter`, `1,234 letters` */
export const count = (n: number, noun: string, plural = `${noun}s`): string => `${number(n)} ${n === 1 ? noun : plural}`

export const number = (n: number): string => n.toLocaleString('en-US')

/** `2026-11-24 03:12:45Z` */
export const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`

/** `3 s`, `4 min`, `5 h`, `6 days` */
export function age(ms: number): string {
  if (ms < 90_000) return `${Math.max(0, Math.round(ms / 1000))} s`
  if (ms < 90 * 60_000) return `${Math.round(ms / 60_000)} min`
  if (ms < 48 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`
  return `${Math.round(ms / 86_400_000)} days`
}

/** Quoted for a shell where it must be. */
export const shellWord = (text: string): string => (/^[\w.,:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** Variables as a command line gives them: `NAME=text` each. */
export const assignments = (words: Record<string, string>): string[] =>
  Object.entries(words).map(([name, text]) => `${name}=${shellWord(text)}`)
