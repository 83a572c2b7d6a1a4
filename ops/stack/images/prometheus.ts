// prom/prometheus and prom/alertmanager: the machine's own programs, on a copy of the configuration with local addresses.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { httpProbe } from '../probes.ts'
import type { Context, Image, Local } from './image.ts'
import { onPath } from './on-path.ts'

export const prometheus: Image = (context) =>
  local(context, { programs: ['prometheus'], debian: 'prometheus', mount: '/etc/prometheus', target: 9090 })

export const alertmanager: Image = (context) =>
  local(context, {
    programs: ['alertmanager', 'prometheus-alertmanager'],
    debian: 'prometheus-alertmanager',
    mount: '/etc/alertmanager',
    target: 9093,
  })

type Program = { programs: string[]; debian: string; mount: string; target: number }

function local(context: Context, { programs, debian, mount, target }: Program): Local {
  const { command, environment, folder, scratch, port, tools } = context
  const original = folder(mount)
  const copy = join(scratch, 'config')
  return {
    argv: [onPath(tools.path, programs, debian), ...command.map((word) => word.replace(original, copy))],
    environment,
    cwd: scratch,
    async prepare() {
      rmSync(copy, { recursive: true, force: true })
      cpSync(original, copy, { recursive: true })
      for (const name of readdirSync(copy)) {
        const path = join(copy, name)
        writeFileSync(path, context.local(readFileSync(path, 'utf8')))
      }
    },
    probe: () => httpProbe(`http://127.0.0.1:${port(target)}/-/ready`),
  }
}
