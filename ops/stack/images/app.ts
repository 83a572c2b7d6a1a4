// tally itself: the very command of compose.yaml, on the pinned Node, from this checkout.
import { httpProbe } from '../probes.ts'
import type { Image } from './image.ts'

export const app: Image = ({ command, environment, tools }) => {
  const opsAddress = environment.OPS_LISTEN
  return {
    argv: command,
    environment,
    cwd: tools.root,
    ...(opsAddress && { probe: () => httpProbe(`http://${opsAddress}/readyz`) }),
  }
}
