// How much memory a process held at most, read from /proc (Linux).
import { readFileSync } from 'node:fs'

/** The peak of its resident memory so far. */
export const peakMb = (pid: number): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
