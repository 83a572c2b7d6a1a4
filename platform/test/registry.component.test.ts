import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { confluentRegistry } from '../avro/registry.ts'
import { InvalidMessage, StopProcess, Unavailable } from '../process/errors.ts'

const SCHEMA = JSON.stringify({ type: 'record', name: 'Reading', fields: [{ name: 'at', type: 'long' }] })

describe('the schema registry over HTTP', () => {
  let server: Server
  let asked: string[] = []
  let status = 200
  let schema = SCHEMA
  const registry = () => confluentRegistry(`http://127.0.0.1:${(server.address() as AddressInfo).port}/apis/ccompat/v7`)

  before((done) => {
    server = createServer((req, res) => {
      asked.push(`${req.method} ${req.url}`)
      const body = status === 200 ? { id: 7, schema } : { error_code: status, message: 'on purpose' }
      res.writeHead(status, { 'Content-Type': 'application/vnd.schemaregistry.v1+json' }).end(JSON.stringify(body))
    }).listen(0, '127.0.0.1', done)
  })
  beforeEach(() => {
    asked = []
    status = 200
    schema = SCHEMA
  })
  after((done) => {
    server.close(done)
    server.closeAllConnections()
  })

  const faultOf = (promise: Promise<unknown>) => promise.then(() => undefined).catch((error) => error)

  it('finds the id under which a schema is registered', async () => {
    expect(await registry().idOf('readings-value', SCHEMA)).to.equal(7)
    expect(asked).to.deep.equal(['POST /apis/ccompat/v7/subjects/readings-value'])
  })

  it('refuses to start with a schema that is not registered, and says how to register it', async () => {
    status = 404
    const fault = await faultOf(registry().idOf('readings-value', SCHEMA))
    expect(fault).to.be.instanceOf(StopProcess)
    expect(fault.message).to.contain('readings-value').and.contain('make schema-register')
  })

  it('asks for a schema once and keeps it, so that running readers do not notice when the registry goes', async () => {
    const one = registry()
    const type = await one.typeById(7)
    status = 503
    expect(await one.typeById(7)).to.equal(type)
    expect(asked).to.have.length(1)
    const at = 2n ** 60n + 1n
    expect(type.fromBuffer(type.toBuffer({ at }))).to.deep.include({ at })
  })

  it('takes an unknown id for a fault of the record, and asks again the next time', async () => {
    const one = registry()
    status = 404
    const fault = await faultOf(one.typeById(9))
    expect(fault).to.be.instanceOf(InvalidMessage).with.property('reason', 'unknown-schema')
    status = 200
    expect(await one.typeById(9)).not.to.equal(undefined)
  })

  it('takes a schema that is not Avro for a fault of the record, not for something to wait for', async () => {
    schema = JSON.stringify({ type: 'nonsense' })
    expect(await faultOf(registry().typeById(7)))
      .to.be.instanceOf(InvalidMessage)
      .with.property('reason', 'unresolvable-schema')
  })

  for (const away of [500, 502, 503, 429, 401]) {
    it(`takes a ${away} for the registry being away, never for a fault of the record`, async () => {
      status = away
      expect(await faultOf(registry().typeById(7))).to.be.instanceOf(Unavailable)
      expect(await faultOf(registry().idOf('readings-value', SCHEMA))).to.be.instanceOf(Unavailable)
    })
  }

  it('takes a refused connection for the registry being away', async () => {
    const gone = confluentRegistry('http://127.0.0.1:1/apis/ccompat/v7')
    expect(await faultOf(gone.typeById(7))).to.be.instanceOf(Unavailable)
  })
})
