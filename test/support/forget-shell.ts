// Prints what makes a shell forget the variables of the stack that somebody works with: eval "$(node test/support/forget-shell.ts)"
import { leftAlone, shellsOwn } from './config.ts'

process.stderr.write(leftAlone() ?? '')
process.stdout.write(`unset _ ${shellsOwn().join(' ')}\n`)
