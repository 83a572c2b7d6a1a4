// What the variables of a command line may say, and which go together.

import { expect } from 'chai'
import { commandConfig } from '../config.ts'

const KAFKA = { KAFKA_BROKERS: '127.0.0.1:9092', SCHEMA_REGISTRY_URL: 'http://127.0.0.1:8081' }
const commandOf = (env: Record<string, string>) => commandConfig({ ...KAFKA, USER: 'ada', ...env }).command

/** The fault's text; its exit code is that of every other fault. */
function faultOf(env: Record<string, string>): string {
  try {
    commandOf(env)
  } catch (error) {
    expect(error).not.to.have.property('exitCode')
    return String(error)
  }
  throw new Error(`not refused: ${JSON.stringify(env)}`)
}

describe('the words of a command line', () => {
  it('name the variable that says what it may not, what it says and what it may', () => {
    const go = { GO: '1', WHY: 'mended' }
    for (const text of ['abc', '-1', '1.5', ' ', '100001', '1e3']) {
      const shown = /^[\w.-]+$/.test(text) ? text : `'${text}'`
      expect(faultOf({ ...go, RATE: text })).to.include(`RATE=${shown}: expected a whole number from 0 to 100000`)
      expect(faultOf({ ...go, CANARY: text })).to.include(`CANARY=${shown}: expected a whole number from 0 to 10000`)
    }
    expect(commandOf({ ...go, RATE: '0', CANARY: '20' })).to.include({ form: 'go', rate: 0, canary: 20 })
    expect(commandOf({ ...go, RATE: '', CANARY: '' })).to.include({ rate: 500, canary: 10 })
  })

  it('take a flag for what it says', () => {
    for (const yes of ['1', 'true', 'yes', 'YES'])
      expect(commandOf({ GO: yes, YES: yes, JSON: yes, UNMASK: yes })).to.include({ form: 'go', yes: true, json: true, unmask: true })
    for (const no of ['0', 'false', 'no', 'No', ''])
      expect(commandOf({ GO: no, DISCARD: no, YES: no, JSON: no, HELP: no, EXPORT: no })).to.include({
        form: 'plan',
        yes: false,
        json: false,
      })
    for (const flag of [
      'GO',
      'DISCARD',
      'UNPARK',
      'PARKED',
      'HISTORY',
      'STATUS',
      'PAUSE',
      'RESUME',
      'CANCEL',
      'HELP',
      'YES',
      'JSON',
      'UNMASK',
    ]) {
      expect(faultOf({ [flag]: 'off' })).to.include(`${flag}=off: expected 1 (or true, yes), or 0 (or false, no)`)
      expect(faultOf({ [flag]: ' ' })).to.include(`${flag}=' ': expected 1`)
    }
  })

  it('are refused where they would not be heeded, with where they belong', () => {
    for (const [env, why] of [
      [{ UNPARK: '1', IMPORT: 'f' }, 'IMPORT goes alone or with DISCARD, GO, not with UNPARK'],
      [{ PARKED: '1', IMPORT: 'f' }, 'IMPORT goes alone or with DISCARD, GO, not with PARKED'],
      [{ EXPORT: 'f', IMPORT: 'g' }, 'IMPORT goes alone or with DISCARD, GO, not with EXPORT'],
      [{ EXPORT: 'f', PATCH: 'g' }, 'PATCH goes alone or with GO, not with EXPORT'],
      [{ DISCARD: '1', PATCH: 'g' }, 'PATCH goes alone or with GO, not with DISCARD'],
      [{ GO: '1', RUN: 'r' }, 'RUN goes with STATUS, PAUSE, RESUME, CANCEL, HISTORY, not with GO'],
      [{ CANCEL: '1', TOPIC: 't' }, 'not with CANCEL'],
      [{ STATUS: '1', PLAN: 'p' }, 'not with STATUS'],
      [{ HISTORY: '1', REASON: 'r' }, 'not with HISTORY'],
      [{ IMPORT: 'f', REASON: 'r', PATCH: 'g' }, 'IMPORT means the letters of its file, REASON and PATCH would choose others'],
      [{ GO: '1', IMPORT: 'f', PLAN: 'p' }, 'PLAN would choose others'],
      [{ DISCARD: '1', EXPORT: 'f' }, 'DISCARD and EXPORT do not go together'],
      [{ PARKED: '1', GO: '1' }, 'PARKED and GO do not go together'],
      [{ EXPORT: 'f', GO: '1' }, 'EXPORT and GO do not go together'],
    ] as const) {
      expect(faultOf(env)).to.include(why).and.include('Nothing was changed')
    }
  })

  it('go together as the runbook has them', () => {
    const why = { WHY: 'mended', YES: '1', JSON: '1', UNMASK: '1' }
    for (const [env, form] of [
      [{ REASON: 'x', PLAN: 'p', GO: '1', RATE: '9', CANARY: '0' }, 'go'],
      [{ REASON: 'x', PLAN: 'p', PATCH: 'f', GO: '1', RATE: '9' }, 'go'],
      [{ IMPORT: 'f', GO: '1', RATE: '9' }, 'go'],
      [{ RATE: '5', CANARY: '0' }, 'plan'],
      [{ IMPORT: 'f', DISCARD: '1' }, 'discard'],
      [{ EVENT_ID: '1', DISCARD: '1', PLAN: 'p' }, 'discard'],
      [{ EVENT_ID: '1', UNPARK: '1', PLAN: 'p' }, 'unpark'],
      [{ TOPIC: 't', OFFSETS: '0:1', EXPORT: 'f', MAX: '3' }, 'export'],
      [{ HISTORY: '1', SINCE: '3d', UNTIL: '1d', TOPIC: 't', MAX: '9', RUN: 'r' }, 'history'],
      [{ STATUS: '1', RUN: 'r' }, 'status'],
      [{ PAUSE: '1', RUN: 'r' }, 'pause'],
      [{ IMPORT: 'f' }, 'plan'],
      [{ MERCHANT: 'm', PATCH: 'f' }, 'plan'],
      [{ HELP: '1', RATE: 'x', GO: 'off', STATUS: '1' }, 'help'],
    ] as const) {
      expect(commandOf({ ...why, ...env }).form, JSON.stringify(env)).to.equal(form)
    }
    expect(commandOf({ EXPORT: 'letters.ndjson', WHY: '  ' })).to.include({
      file: 'letters.ndjson',
      who: commandOf({}).who,
      why: undefined,
    })
  })

  it('are refused with 1, too, where Kafka is not named', () => {
    expect(faultOf({ KAFKA_BROKERS: '' })).to.include('KAFKA_BROKERS: is not set')
  })
})
