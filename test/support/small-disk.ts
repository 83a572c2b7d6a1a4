// A folder of the stack on a small disk of its own that can be filled. Root only: others cannot mount.
import { execFileSync } from 'node:child_process'
import { closeSync, cpSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { startService, stopService } from './faults.ts'

export const canMount = () => process.getuid?.() === 0

export type SmallDisk = {
  /** Leaves not a byte free. */
  fill(): void
  free(): void
  /** Puts the folder back where it was, with what is in it now. */
  close(): Promise<void>
}

const CHUNK = Buffer.alloc(64 * 1024)

/** @param folder of the service, which is stopped meanwhile */
export async function smallDisk(service: string, folder: string, megabytes: number): Promise<SmallDisk> {
  const aside = `${folder}.aside`
  const filler = join(folder, 'filler')
  await stopService(service)
  cpSync(folder, aside, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  cpSync(aside, folder, { recursive: true })
  rmSync(aside, { recursive: true })
  await startService(service)
  return {
    fill() {
      const file = openSync(filler, 'a')
      try {
        for (let size = CHUNK.length; size >= 1; ) {
          try {
            if (writeSync(file, CHUNK, 0, size) < size) size = Math.floor(size / 2)
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
            size = Math.floor(size / 2)
          }
        }
      } finally {
        closeSync(file)
      }
    },
    free: () => rmSync(filler, { force: true }),
    async close() {
      rmSync(filler, { force: true })
      await stopService(service)
      mkdirSync(aside, { recursive: true })
      cpSync(folder, aside, { recursive: true })
      execFileSync('umount', [folder])
      cpSync(aside, folder, { recursive: true })
      rmSync(aside, { recursive: true })
      await startService(service)
    },
  }
}
