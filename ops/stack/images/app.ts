// tally itself: the very command of compose.yaml, on the pinned Node, from this checkout.
import { join } from 'node:path'
import { httpProbe } from '../probes.ts'
import type { Image } from './image.ts'

export const app: Image = ({ command, environment, tools }) => {
  const opsAddress = environment.OPS_LISTEN
  return {
    argv: command,
    // Half of a start is compiling: kept from one to the next, by content.
    environment: { NODE_COMPILE_CACHE: join(tools.root, 'node_modules/.cache/node'), ...environment },
    cwd: tools.root,
    ...(opsAddress && { probe: () => httpProbe(`http://${opsAddress}/readyz`) }),
  }
}
