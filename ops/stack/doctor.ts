// Names what this machine lacks to run the stack, each with its fix.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { running } from './client.ts'
import type { Settings } from './config.ts'
import { environment, isRoot } from './config.ts'
import { findJava } from './java.ts'
import { postgresDir } from './places.ts'
import { readPlan } from './plan.ts'
import { holderOf, isFree } from './ports.ts'
import { missingParts } from './setup.ts'

const MIN_MEMORY_MB = 2_500
const MIN_CACHE_MB = 1_200
const MIN_DATA_MB = 3_000

/** What a check found: fine, or what is wrong and what to do. */
type Finding = { what: string; fine: string } | { what: string; fault: string; fix: string }
type Check = (settings: Settings) => Finding[] | Promise<Finding[]>

const CHECKS: Check[] = [platform, user, java, maven, memory, disk, ports]

/** 0 when nothing is missing. */
export async function doctor(settings: Settings): Promise<number> {
  const findings = (await Promise.all(CHECKS.map((check) => check(settings)))).flat()
  for (const finding of findings) {
    const text =
      'fine' in finding
        ? `ok       ${finding.what}: ${finding.fine}`
        : `MISSING  ${finding.what}: ${finding.fault}\n         → ${finding.fix}`
    process.stdout.write(`${text}\n`)
  }
  const faults = findings.filter((finding) => 'fault' in finding).length
  process.stdout.write(
    faults === 0 ? '\nNothing is missing: make demo\n' : `\n${faults === 1 ? '1 thing is' : `${faults} things are`} missing.\n`,
  )
  return faults === 0 ? 0 : 1
}

function platform(): Finding[] {
  const { platform: system, arch, version } = process
  const what = 'system'
  if (system === 'linux' && arch === 'x64') return [{ what, fine: `Linux on x64, Node.js ${version} from node_modules` }]
  return [{ what, fault: `${system} on ${arch}`, fix: 'Linux on x64 is needed; with a container engine: docker compose up' }]
}

/** initdb looks its user up by name. */
function user(): Finding[] {
  const what = 'user'
  try {
    return [{ what, fine: userInfo().username }]
  } catch {
    return [
      {
        what,
        fault: `user id ${process.getuid?.()} has no name`,
        fix: 'add it to /etc/passwd, or run as a user that is there: PostgreSQL asks for it',
      },
    ]
  }
}

function java({ javaHome, path }: Settings): Finding[] {
  try {
    const { path: program, version } = findJava(javaHome, path)
    return [{ what: 'Java', fine: `${version}, ${program}` }]
  } catch (error) {
    const [fault = '', fix = ''] = (error as Error).message.split('\n')
    return [{ what: 'Java', fault, fix }]
  }
}

function maven(settings: Settings): Finding[] {
  const toFetch = missingParts(settings)
  if (toFetch.length === 0) return [{ what: 'programs', fine: `all in ${settings.cacheDir}` }]
  if (!spawnSync('mvn', ['-v']).error) return [{ what: 'Maven', fine: 'there; `make setup` fetches what the stack runs on' }]
  return [
    {
      what: 'Maven',
      fault: `there is no mvn, needed for ${toFetch.join(', ')}`,
      fix: 'install it (on Debian or Ubuntu: apt-get install maven)',
    },
  ]
}

function memory(): Finding[] {
  const [, kilobytes = '0'] = /MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8')) ?? []
  const available = Math.floor(Number(kilobytes) / 1_024)
  const what = 'memory'
  if (available >= MIN_MEMORY_MB) return [{ what, fine: `${available} MB available` }]
  return [{ what, fault: `${available} MB available, ${MIN_MEMORY_MB} are needed`, fix: 'close something, or run on a larger machine' }]
}

function disk(settings: Settings): Finding[] {
  const cache =
    missingParts(settings).length > 0 ? [space('cache', settings.cacheDir, MIN_CACHE_MB, 'set TALLY_CACHE to a folder with more room')] : []
  const data = space('data', settings.stackDir, MIN_DATA_MB, 'free some space: the WAL kept while Kafka is away needs up to 2 GB')
  const separate = isRoot() ? [space('PostgreSQL data', postgresDir(settings), MIN_DATA_MB, 'free some space below /var/lib')] : []
  return [...cache, data, ...separate]
}

function space(what: string, folder: string, neededMb: number, fix: string): Finding {
  let present = folder
  while (!existsSync(present)) present = dirname(present)
  try {
    accessSync(present, constants.W_OK)
  } catch {
    return {
      what,
      fault: `${folder} cannot be written to`,
      fix: `make ${present} writable for you, or choose another place (TALLY_CACHE, another checkout)`,
    }
  }
  const { bavail, bsize } = statfsSync(present)
  const freeMb = Math.floor((bavail * bsize) / 1_048_576)
  if (freeMb >= neededMb) return { what, fine: `${freeMb} MB free for ${folder}` }
  return { what, fault: `${freeMb} MB free for ${folder}, ${neededMb} are needed`, fix }
}

async function ports(settings: Settings): Promise<Finding[]> {
  const what = 'ports'
  const socket = await running(settings)
  socket?.destroy()
  if (socket) return [{ what, fine: `held by the running stack "${settings.stack}"` }]
  const services = Object.entries(readPlan(settings, environment()).services).filter(([, { profiles }]) => profiles.length === 0)
  const wanted = services.flatMap(([name, service]) => service.ports.map(({ published }) => ({ name, published })))
  const taken: Finding[] = []
  for (const { name, published } of wanted) {
    if (await isFree(published)) continue
    const fix = `stop it, or move every port: make up PORT_OFFSET=1000 (STACK=other keeps other data; see .env.example for single ports)`
    taken.push({ what: `port ${published}`, fault: `${name} needs it; it is taken by ${holderOf(published)}`, fix })
  }
  return taken.length > 0 ? taken : [{ what, fine: `${wanted.length} are free` }]
}
