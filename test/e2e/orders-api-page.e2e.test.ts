import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { childEnvironment } from '../support/config.ts'
import { stack } from '../support/stack.ts'

const root = new URL('../..', import.meta.url).pathname

describe('docs/orders-api.md', () => {
  it('holds true in every command block, run one after the other', async () => {
    const page = readFileSync(`${root}docs/orders-api.md`, 'utf8').replaceAll('http://127.0.0.1:3000', stack.ingestApi)
    const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => text)
    expect(commands.length).to.be.greaterThan(5)
    const options = { cwd: root, env: childEnvironment() }
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands.join('\necho\n')], options)
    expect(stdout).to.contain('HTTP/1.1 201 Created')
    expect(stdout.match(/"externalOrderId":"docs-1"/g)).to.have.lengthOf(3)
    expect(stdout).to.match(/^\{"line":1,"status":201,.*\n\{"line":2,"status":422,/m)
    expect(stdout).to.match(/"hasMore":false/)
    expect(stdout.match(/^[0-9a-f]{12} {2}added /gm)).to.have.lengthOf.at.least(2)
  })
})
