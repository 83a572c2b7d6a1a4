// How hard and how long `make bench` drives the stack.
import { int, readConfig } from '@tally/platform/process/config'

/** Orders per second, seconds of a round. */
export const { RATE, SECONDS } = readConfig({ RATE: int(1).default(300), SECONDS: int(1).default(30) }, process.env)
