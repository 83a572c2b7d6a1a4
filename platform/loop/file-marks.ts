// Crash marks in a small file. The page cache survives the process, so nothing is synced: a power cut is no record's fault.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Log } from '#process/log'
import type { CrashMark, CrashMarks } from './crash-marks.ts'

/** @param path its folder must be there */
export function fileMarks(path: string, log: Log): CrashMarks {
  let told = false
  return {
    where: path,
    read() {
      try {
        return JSON.parse(readFileSync(path, 'utf8'), asBigint) as CrashMark
      } catch (error) {
        // Unreadable is still left behind.
        return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : { letters: 0 }
      }
    },
    write(mark) {
      try {
        writeFileSync(`${path}.new`, JSON.stringify(mark, asText))
        renameSync(`${path}.new`, path)
      } catch (error) {
        if (!told) log.warn({ file: path, reason: String(error) }, 'a record that ends the process will not be recognised')
        told = true
      }
    },
    clear: () => rmSync(path, { force: true }),
  }
}

const OFFSETS = ['from', 'next']
const asText = (_name: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
const asBigint = (name: string, value: unknown) => (OFFSETS.includes(name) ? BigInt(String(value)) : value)
