// redis: the machine's own redis-server (Debian and Ubuntu have it), by the container's command words.
import { tcpProbe } from '../probes.ts'
import type { Image } from './image.ts'
import { onPath } from './on-path.ts'

export const redis: Image = ({ command, environment, port, folder, tools }) => {
  const [program = '', ...words] = command
  return {
    argv: [onPath(tools.path, [program], 'redis-server'), ...words, '--port', String(port(6379)), '--bind', '127.0.0.1'],
    environment,
    cwd: folder('/data'),
    probe: () =>
      tcpProbe(port(6379), Buffer.from('PING\r\n'), (answer) =>
        answer.toString().startsWith('+PONG') ? undefined : answer.toString().trim(),
      ),
  }
}
