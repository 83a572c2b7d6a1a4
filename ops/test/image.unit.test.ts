import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'

const root = new URL('../..', import.meta.url).pathname
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8')
const lines = (file: string) =>
  read(file)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

/** As Docker reads .dockerignore: of the patterns that match the path or a folder above it, the last one decides. */
function isSent(path: string): boolean {
  const matches = (pattern: string) =>
    new RegExp(
      `^${pattern.replace(/\*\*\/|\*|[.+]/g, (token) => ({ '**/': '(?:.*/)?', '*': '[^/]*' })[token] ?? `\\${token}`)}(?:/|$)`,
    ).test(path)
  const last = lines('.dockerignore').findLast((line) => matches(line.replace(/^!/, '')))
  return last === undefined || last.startsWith('!')
}

describe('the image', () => {
  it('is built from sources, and from no file that holds secrets or data, however deep', () => {
    for (const file of [
      'package-lock.json',
      'ingest-api/main.ts',
      'schemas/package.json',
      'connectors/order-outbox.json',
      'ops/healthy.cjs',
    ])
      expect(isSent(file), file).to.equal(true)
    for (const folder of ['', 'ingest-api/', 'connectors/environments/production/'])
      for (const name of ['.env', '.env.production', '.git/config', 'tls.pem', 'tls.key', 'aggregator.duckdb', 'aggregator.duckdb.wal'])
        expect(isSent(folder + name), folder + name).to.equal(false)
    for (const file of ['ingest-api/.npmrc', 'ingest-api/test/x.ts', 'platform/node_modules/x/index.js', 'ops/stack/main.ts', '.stack/x'])
      expect(isSent(file), file).to.equal(false)
  })

  it('holds no .npmrc, in which a registry’s token may stand', () => {
    const [packages = [], result = []] = lines('Dockerfile')
      .join('\n')
      .split(/^FROM /m)
      .slice(1)
      .map((stage) => stage.split('\n'))
    expect(packages.some((line) => /rm .*\.npmrc/.test(line))).to.equal(true)
    // What `COPY .` takes is all that is sent, .npmrc too.
    expect(result.filter((line) => /^COPY (\.|\.npmrc)\s/.test(line))).to.deep.equal([])
  })

  it('has every workspace and the health check', () => {
    const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] }
    const copied = [...read('Dockerfile').matchAll(/^COPY (\S+) (\S+)$/gm)].map(([, from = '', to = '']) => [from, to].join(' '))
    expect(copied).to.include.members([...workspaces.map((name) => `${name} ${name}`), 'ops/healthy.cjs ops/'])
  })

  it('runs as a number, which Kubernetes can tell from root', () => {
    expect(lines('Dockerfile').filter((line) => line.startsWith('USER '))).to.deep.equal(['USER 1000:1000'])
  })

  for (const [status, code] of [
    [200, 0],
    [503, 1],
  ])
    it(`is checked as ${code === 0 ? 'healthy' : 'not healthy'} when /readyz answers ${status}`, async () => {
      const server = createServer((req, res) => res.writeHead(req.url === '/readyz' ? (status ?? 0) : 404).end('{}'))
      await once(server.listen(0, '127.0.0.1'), 'listening')
      try {
        expect(await check((server.address() as AddressInfo).port)).to.equal(code)
      } finally {
        server.close()
      }
      expect(await check((await closedPort()) ?? 0)).to.equal(1)
    })
})

async function check(port: number): Promise<number> {
  const [code] = await once(spawn(process.execPath, ['ops/healthy.cjs', String(port)], { cwd: root, stdio: 'ignore' }), 'exit')
  return code
}

async function closedPort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
