import { expect } from 'chai'
import { avroDecoder } from '../avro/decode.ts'
import { type AvroType, avroType, encodeFramed } from '../avro/framing.ts'
import type { SchemaRegistry } from '../avro/registry.ts'
import { InvalidMessage, Unavailable } from '../process/errors.ts'

const schema = (...fields: object[]) =>
  JSON.stringify({ type: 'record', name: 'Reading', fields: [{ name: 'at', type: 'long' }, ...fields] })
type Reading = { at: bigint; unit: string }
const withUnit = avroType<Reading>(schema({ name: 'unit', type: 'string', default: 'K' }))

/** A registry with just these schemas. */
function registryOf(types: Record<number, AvroType<unknown>>): SchemaRegistry & { asked: number } {
  const registry = {
    asked: 0,
    idOf: async () => 0,
    async typeById(id: number) {
      registry.asked += 1
      const type = types[id]
      if (type === undefined) throw new InvalidMessage('unknown-schema', `no ${id}`)
      return type
    },
  }
  return registry
}

async function reasonOf(decode: () => unknown): Promise<string> {
  try {
    await decode()
  } catch (error) {
    if (error instanceof InvalidMessage) return error.reason
    throw error
  }
  return 'none'
}

describe('avroDecoder', () => {
  const at = 2n ** 60n + 1n
  const old = avroType<{ at: bigint }>(schema())

  it('reads what an older schema wrote, the new field by its default, without losing digits of a long', async () => {
    const decode = avroDecoder(registryOf({ 7: old as AvroType<unknown> }), withUnit)
    expect({ ...(await decode(encodeFramed(7, old, { at }))) }).to.deep.equal({ at, unit: 'K' })
  })

  it('asks the registry once per schema id and answers synchronously from then on', async () => {
    const registry = registryOf({ 7: old as AvroType<unknown> })
    const decode = avroDecoder(registry, withUnit)
    await decode(encodeFramed(7, old, { at }))
    expect(decode(encodeFramed(7, old, { at }))).not.to.be.instanceOf(Promise)
    expect(registry.asked).to.equal(1)
  })

  it('tells apart what is not framed, of an unknown schema, of one that does not resolve, too short and too long', async () => {
    const text = avroType<unknown>(JSON.stringify({ type: 'record', name: 'Reading', fields: [{ name: 'at', type: 'string' }] }))
    const decode = avroDecoder(registryOf({ 7: old as AvroType<unknown>, 8: text }), withUnit)
    const framed = encodeFramed(7, old, { at })
    expect(await reasonOf(() => decode(null))).to.equal('undecodable')
    expect(await reasonOf(() => decode(Buffer.from('{"at":1}')))).to.equal('undecodable')
    expect(await reasonOf(() => decode(framed.subarray(0, 6)))).to.equal('undecodable')
    expect(await reasonOf(() => decode(Buffer.concat([framed, Buffer.of(1)])))).to.equal('undecodable')
    expect(await reasonOf(() => decode(encodeFramed(9, old, { at })))).to.equal('unknown-schema')
    expect(await reasonOf(() => decode(encodeFramed(8, text, { at: 'x' })))).to.equal('unresolvable-schema')
  })

  it('asks again for a schema that was unknown: it may have been registered since', async () => {
    const types: Record<number, AvroType<unknown>> = {}
    const decode = avroDecoder(registryOf(types), withUnit)
    expect(await reasonOf(() => decode(encodeFramed(7, old, { at })))).to.equal('unknown-schema')
    types[7] = old as AvroType<unknown>
    expect(await decode(encodeFramed(7, old, { at }))).to.have.property('at', at)
  })

  it('passes Unavailable on: an absent registry is no fault of the record', async () => {
    const away = { idOf: async () => 0, typeById: async () => Promise.reject(new Unavailable('away')) }
    const decode = avroDecoder(away, withUnit)
    let caught: unknown
    await Promise.resolve(decode(encodeFramed(7, old, { at }))).catch((error) => {
      caught = error
    })
    expect(caught).to.be.instanceOf(Unavailable)
  })
})
