// Which stacks count as the same place.

import { expect } from 'chai'
import { fingerprintOf } from '../letters/fingerprint.ts'

const stack = (folder: string, line: number) => `InvalidMessage: schema ${line} is not in the registry
    at readFrame (file://${folder}/platform/avro/framing.ts:${line}:11)
    at async Object.decode (${folder}/platform/avro/decode.ts:${line + 3}:9)
    at ${folder}/platform/loop/work-batch.ts:9:1
    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)`

describe('the fingerprint of a stack', () => {
  it('is the same for the same functions and files, wherever they lie and whatever the line', () => {
    expect(fingerprintOf(stack('/app', 10))?.id).to.equal(fingerprintOf(stack('/home/ada/tally', 99))?.id)
    expect(fingerprintOf(stack('/app', 10))?.frames).to.deep.equal([
      'readFrame framing.ts',
      'Object.decode decode.ts',
      'anonymous work-batch.ts',
    ])
  })

  it('is another for another way there', () => {
    const other = stack('/app', 10).replace('readFrame', 'decodeBody')
    expect(fingerprintOf(other)?.id).not.to.equal(fingerprintOf(stack('/app', 10))?.id)
  })

  it('is missing where there is no stack', () => {
    expect(fingerprintOf('')).to.equal(undefined)
    expect(fingerprintOf('Error: nothing below')).to.equal(undefined)
  })
})
