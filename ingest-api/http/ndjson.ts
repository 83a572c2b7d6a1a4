// Lines of a newline-delimited body, as bytes: a line that is not UTF-8 must fail alone.

const NEWLINE = 0x0a

/** The lines without their ends; the last one may or may not have one. */
export function splitLines(body: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let start = 0; start < body.length; ) {
    const newline = body.indexOf(NEWLINE, start)
    const end = newline === -1 ? body.length : newline
    lines.push(body.subarray(start, end))
    start = end + 1
  }
  return lines
}
