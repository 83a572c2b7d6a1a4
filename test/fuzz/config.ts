// What a fuzz run reads from the environment.
import { int, readConfig } from '@tally/platform/process/config'

export const { FUZZ_SECONDS } = readConfig({ FUZZ_SECONDS: int(10).default(180) }, process.env)
