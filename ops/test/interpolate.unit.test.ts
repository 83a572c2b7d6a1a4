import { expect } from 'chai'
import { interpolate, interpolateAll, stackVariables } from '../stack/interpolate.ts'

const env: Record<string, string> = { SET: 'value', EMPTY: '' }
const variable = (name: string, otherwise?: string) => otherwise ?? env[name]

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: Compose's own substitution */
describe('substitution in compose.yaml', () => {
  const cases: [string, string][] = [
    ['$SET and ${SET}', 'value and value'],
    ['${MISSING}', ''],
    ['${MISSING:-default}', 'default'],
    ['${EMPTY:-default}', 'default'],
    ['${EMPTY-default}', ''],
    ['${SET:-default}', 'value'],
    ['${SET:+other}', 'other'],
    ['${EMPTY:+other}', ''],
    ['${EMPTY+other}', 'other'],
    ['${MISSING:-${SET}}', 'value'],
    ['${MISSING--XX:+UseSerialGC -Xmx1m}', '-XX:+UseSerialGC -Xmx1m'],
    ['$$SET', '$SET'],
  ]
  for (const [text, expected] of cases) {
    it(`makes "${expected}" of ${text}`, () => {
      expect(interpolate(text, variable)).to.equal(expected)
    })
  }

  it('refuses a required variable that is not set', () => {
    expect(() => interpolate('${MISSING:?set it}', variable)).to.throw('MISSING is not set: set it')
  })

  it('reaches every value and no key', () => {
    expect(interpolateAll({ $SET: ['${SET}', 1, null, { deep: '$SET' }] }, variable)).to.deep.equal({
      $SET: ['value', 1, null, { deep: 'value' }],
    })
  })
})

describe('the variables of a stack', () => {
  const moved = stackVariables({ KAFKA_PORT: '9999', PORT: '1', NAME: '2' }, 100)

  it('moves ports by the offset, given or by default', () => {
    expect(interpolate('${KAFKA_PORT:-9092} ${POSTGRES_PORT:-5433}', moved)).to.equal('10099 5533')
  })

  it('moves nothing else', () => {
    expect(interpolate('${NAME} ${PORT} ${OTHER:-3}', moved)).to.equal('2 1 3')
  })
})
/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: Compose's own substitution */
