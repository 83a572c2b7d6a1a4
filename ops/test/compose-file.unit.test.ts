import { expect } from 'chai'
import { composeServices, durationMs } from '../stack/compose-file.ts'
import { startOrder, users } from '../stack/dependencies.ts'

const parse = (services: Record<string, unknown>) => composeServices({ services }, () => undefined)

describe('reading compose.yaml', () => {
  it('refuses keys it does not know, wherever they are', () => {
    const refused: [Record<string, unknown>, string][] = [
      [{ a: { image: 'i', hostname: 'x' } }, 'service a has "hostname"'],
      [{ a: { image: 'i', healthcheck: { disable: true } } }, 'the health check of a has "disable"'],
      [{ a: { image: 'i', depends_on: { b: { restart: true } } }, b: { image: 'i' } }, 'the dependency of a on b has "restart"'],
    ]
    for (const [services, message] of refused) expect(() => parse(services)).to.throw(message)
    expect(() => composeServices({ networks: {} }, () => undefined)).to.throw('the top level has "networks"')
  })

  it('passes over keys that mean nothing without containers, and extensions', () => {
    expect(parse({ a: { image: 'i', build: '.', init: true, 'x-note': 1 } }).a?.image).to.equal('i')
  })

  it('keeps what stands before an image’s own program', () => {
    expect(parse({ a: { image: 'i', entrypoint: ['nice', '-n5', '/entry.sh'], command: ['start'] } }).a).to.deep.include({
      wrapper: ['nice', '-n5'],
      command: ['start'],
    })
  })

  it('refuses a port that is open to the network', () => {
    expect(() => parse({ a: { image: 'i', ports: ['3000:3000'] } })).to.throw('is not 127.0.0.1:PUBLISHED:TARGET')
  })

  it('refuses a dependency that is not there', () => {
    expect(() => parse({ a: { image: 'i', depends_on: ['b'] } })).to.throw('a depends on b, which is not there')
  })

  it('reads durations', () => {
    expect(['500ms', '10s', '1m30s', '1.5s'].map(durationMs)).to.deep.equal([500, 10_000, 90_000, 1_500])
    expect(() => durationMs('10')).to.throw('is not a duration')
  })
})

describe('the order of starting', () => {
  const services = parse({
    top: { image: 'i', depends_on: ['left', 'right'] },
    left: { image: 'i', depends_on: ['base'] },
    right: { image: 'i', depends_on: ['base'] },
    base: { image: 'i' },
    extra: { image: 'i', profiles: ['more'] },
  })

  it('has dependencies first, each once', () => {
    expect(startOrder(services, [], [])).to.deep.equal(['base', 'left', 'right', 'top'])
  })

  it('takes named services with what they need', () => {
    expect(startOrder(services, ['left'], [])).to.deep.equal(['base', 'left'])
  })

  it('takes a profile’s services when it is asked for, or when they are named', () => {
    expect(startOrder(services, [], ['more'])).to.include('extra')
    expect(startOrder(services, ['extra'], [])).to.deep.equal(['extra'])
  })

  it('refuses a name that is not there, and names those that are', () => {
    for (const name of ['tpo', 'constructor', '__proto__'])
      expect(() => startOrder(services, [name], [])).to.throw(`there is no service "${name}"; there are: top, left`)
  })

  it('refuses a circle', () => {
    const circle = parse({ a: { image: 'i', depends_on: ['b'] }, b: { image: 'i', depends_on: ['a'] } })
    expect(() => startOrder(circle, [], [])).to.throw('a → b → a')
  })

  it('knows who uses whom, and so stops first', () => {
    expect(users(services, 'base')).to.deep.equal(['left', 'right'])
    const optional = parse({
      app: { image: 'i', environment: { CACHE_URL: 'redis://cache:6379', OTHER: 'no-cache:1' } },
      cache: { image: 'i' },
      a: { image: 'i', environment: { PEER: 'b:1' } },
      b: { image: 'i', environment: { PEER: 'a:1' } },
    })
    expect(users(optional, 'cache')).to.deep.equal(['app'])
    expect([users(optional, 'a'), users(optional, 'b')]).to.deep.equal([[], []])
  })
})
