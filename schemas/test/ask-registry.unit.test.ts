import { Unavailable } from '@tally/platform/process/errors'
import { expect } from 'chai'
import { TOPICS_WITH_SCHEMA } from '../contract/files.ts'
import { subjectOf } from '../contract/topics.ts'
import { askRegistry } from '../registry/ask-registry.ts'

describe('a second opinion from the registry', () => {
  async function asked(accepts: (subject: string) => Promise<boolean>) {
    const checked = TOPICS_WITH_SCHEMA.map((topic) => ({ name: subjectOf(topic), findings: [] }))
    await askRegistry(checked, { accepts })
    return checked.flatMap(({ name, findings }) => findings.map(({ type, severity }) => `${name} ${severity} ${type}`))
  }

  it('is silent when both agree', async () => {
    expect(await asked(async () => true)).to.deep.equal([])
  })

  it('is a fault where the two disagree', async () => {
    expect(await asked(async (subject) => subject !== 'order-buckets-value')).to.deep.equal([
      'order-buckets-value error REGISTRY_DISAGREES',
    ])
  })

  it('is only missed when the registry is away', async () => {
    const away = async () => {
      throw new Unavailable('away')
    }
    expect(new Set((await asked(away)).map((line) => line.split(' ').slice(1).join(' ')))).to.deep.equal(
      new Set(['warning REGISTRY_NOT_ASKED']),
    )
  })
})
