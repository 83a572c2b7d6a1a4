// The loop's table, row by row: what each error means. What follows from it is in consume.contract.ts.
import { expect } from 'chai'
import { type Decision, decisionOf, isAboutRecords, REVOKED } from '../loop/policy.ts'
import { InvalidMessage, OutOfPosition, RejectedRecords, StopProcess, Unavailable } from '../process/errors.ts'

const invalid = new InvalidMessage('undecodable', 'no text')

const TABLE: [what: string, error: unknown, decision: Decision, aboutRecords: boolean][] = [
  ['an invalid message', invalid, 'dead-letter', true],
  ['records that the handler rejects', new RejectedRecords(new Map([[1n, invalid]])), 'dead-letter', true],
  ['what is unavailable', new Unavailable('the database does not answer'), 'wait', false],
  ['a handler that is at another position', new OutOfPosition(7n), 'seek', false],
  ['a reason to end the process', new StopProcess('the disk is full'), 'stop', false],
  ['a partition that was revoked', REVOKED, 'leave', false],
  ['any other error', new TypeError('cannot read'), 'retry', true],
  ['what is no error at all', 'thrown text', 'retry', true],
]

describe("the loop's policy", () => {
  for (const [what, error, decision, aboutRecords] of TABLE)
    it(`for ${what} is: ${decision}`, () => {
      expect([decisionOf(error), isAboutRecords(error)]).to.deep.equal([decision, aboutRecords])
    })
})
