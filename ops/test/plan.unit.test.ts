import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse, stringify } from 'yaml'
import { root, settings } from '../stack/config.ts'
import { readPlan } from '../stack/plan.ts'

type Compose = { services: Record<string, { environment?: Record<string, string> }> }

describe('the plan of a stack', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tally-plan-'))
  after(() => rmSync(folder, { recursive: true }))

  /** What the runner compares to know whether a service has to be restarted. */
  function described(change: (compose: Compose) => void, name: string): string {
    const compose: Compose = parse(readFileSync(join(root, 'compose.yaml'), 'utf8'), { merge: true })
    change(compose)
    const composeFile = join(folder, 'compose.yaml')
    writeFileSync(composeFile, stringify(compose))
    return JSON.stringify(readPlan({ ...settings({}), composeFile, stackDir: folder, cacheDir: folder }, {}).spec(name))
  }

  for (const name of ['kafka', 'connect', 'schema-registry', 'aggregator'])
    it(`describes ${name} differently when one of its variables changes, and only then`, () => {
      const asItIs = described(() => {}, name)
      expect(described(() => {}, name)).to.equal(asItIs)
      const changed = described(({ services }) => {
        services[name] = { ...services[name], environment: { ...services[name]?.environment, KAFKA_NUM_IO_THREADS: '3' } }
      }, name)
      expect(changed).to.not.equal(asItIs)
    })
})
