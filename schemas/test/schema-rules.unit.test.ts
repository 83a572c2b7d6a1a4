import { expect } from 'chai'
import { parseAvroSchema } from '../avro/parse.ts'
import type { Json } from '../avro/schema.ts'
import { linesOf } from '../check/json-lines.ts'
import { lintSchema } from '../check/lint-schema.ts'
import { warnings } from '../check/schema-warnings.ts'

const record = (...fields: Json[]): Json => ({ type: 'record', name: 'Sale', namespace: 'tally', doc: 'A sale.', fields })
const field = (name: string, type: Json, more: { [key: string]: Json } = {}): Json => ({ name, type, doc: `The ${name}.`, ...more })
const decimal = (precision: number, scale: number): Json => ({ type: 'bytes', logicalType: 'decimal', precision, scale })
const status = (more: { [key: string]: Json }): Json => ({
  type: 'enum',
  name: 'Status',
  doc: 'A status.',
  symbols: ['NEW', 'OLD'],
  ...more,
})

describe('warnings', () => {
  const between = (older: Json, newer: Json) =>
    warnings(parseAvroSchema(record(newer)), parseAvroSchema(record(older))).map(({ type, at }) => `${type} ${at}`)

  const cases: [string, Json, Json, string][] = [
    ['decimal scale', field('x', decimal(9, 2)), field('x', decimal(9, 3)), 'DECIMAL_SCALE_CHANGED /fields/0/type'],
    ['decimal precision', field('x', decimal(9, 2)), field('x', decimal(12, 2)), 'DECIMAL_PRECISION_CHANGED /fields/0/type'],
    ['a logical type that is gone', field('x', decimal(9, 2)), field('x', 'bytes'), 'LOGICAL_TYPE_GONE /fields/0/type'],
    [
      'date to timestamp',
      field('x', { type: 'int', logicalType: 'date' }),
      field('x', { type: 'long', logicalType: 'timestamp-millis' }),
      'LOGICAL_TYPE_CHANGED /fields/0/type',
    ],
    ['a moved default', field('x', 'int', { default: 1 }), field('x', 'int', { default: 2 }), 'DEFAULT_MOVED /fields/0/default'],
    [
      'a rename that old readers fill with a default',
      field('x', 'int', { default: 1 }),
      field('y', 'int', { aliases: ['x'] }),
      'RENAME_FILLED_WITH_DEFAULT /fields/0',
    ],
    [
      'a default outside the symbols',
      field('x', status({})),
      field('x', status({}), { default: 'ELSE' }),
      'DEFAULT_OUTSIDE_TYPE /fields/0/default',
    ],
    [
      'an enum in an optional union that changes namespace',
      field('x', ['null', status({ namespace: 'a' })]),
      field('x', ['null', status({ namespace: 'b' })]),
      'ENUM_NAMESPACE_CHANGED /fields/0/type/1',
    ],
  ]
  for (const [what, older, newer, warning] of cases) {
    it(`tell ${what}`, () => {
      expect(between(older, newer)).to.deep.equal([warning])
    })
    it(`are silent where ${what} is not: nothing changed`, () => {
      expect(between(older, older)).to.deep.equal([])
    })
  }
})

describe('house rules', () => {
  const cases: [string, Json, string | undefined][] = [
    ['a field without a doc', { name: 'x', type: 'int' }, 'NO_DOC'],
    ['money in a binary fraction', field('unitPrice', 'double'), 'FLOAT_FOR_MONEY'],
    ['optional money in a binary fraction', field('unitPrice', ['null', 'float'], { default: null }), 'FLOAT_FOR_MONEY'],
    ['a time without a unit', field('placedAt', 'long'), 'TIME_WITHOUT_LOGICAL_TYPE'],
    ['an enum without a default', field('x', status({})), 'ENUM_WITHOUT_DEFAULT'],
    ['another namespace', field('x', status({ namespace: 'elsewhere', default: 'NEW' })), 'NAMESPACE'],
    ['null not first', field('x', ['int', 'null']), 'NULLABLE_WITHOUT_NULL_DEFAULT'],
    ['a well-kept field', field('placedAt', { type: 'long', logicalType: 'timestamp-micros' }), undefined],
  ]
  for (const [what, given, lint] of cases) {
    it(lint === undefined ? `accept ${what}` : `refuse ${what}`, () => {
      expect(lintSchema(parseAvroSchema(record(given))).map(({ type }) => type)).to.deep.equal(lint === undefined ? [] : [lint])
    })
  }
})

describe('lines of a JSON text', () => {
  it('are known for every value by its pointer', () => {
    const text = '{\n "a": [1,\n  {"b~/": "x,]\\"",\n "c": null}],\n "d": {}\n}'
    expect(Object.fromEntries(linesOf(text))).to.deep.equal({ '': 1, '/a': 2, '/a/0': 2, '/a/1': 3, '/a/1/b~0~1': 3, '/a/1/c': 4, '/d': 5 })
  })
})
