// `make rebuild`: asks the running aggregator to count again from the topic, and tells how it goes. Exit codes: 0 done, 1 not.
import { setTimeout as delay } from 'node:timers/promises'
import { runCommand } from '@tally/platform/process/command'
import { formatRfc3339 } from '@tally/platform/process/time'
import { startMicros } from '#answer/ask-counts'
import { rebuildConfig } from './config.ts'

type Status = { state: string; done?: number; of?: number; why?: string; events?: number; repaired?: number; completeFrom?: number }

const url = `http://127.0.0.1:${rebuildConfig().OPS_LISTEN.port}/rebuild`

async function ask(method: string): Promise<{ status: number; body: Status }> {
  const answer = await fetch(url, { method }).catch((error) => {
    throw new Error(
      `The aggregator does not answer on its ops port: ${error.cause?.message ?? error}.\nLook at it with make status and make logs S=aggregator. ` +
        'If it cannot open its file, ops/runbooks/rebuild-counts.md tells how to begin a new one.',
    )
  })
  if (answer.status === 404) throw new Error('The aggregator is not counting yet: make status tells what it waits for.')
  return { status: answer.status, body: (await answer.json()) as Status }
}

await runCommand(async () => {
  const started = await ask('POST')
  process.stderr.write(
    started.status === 409 ? 'a rebuild is running already\n' : 'counting again from the topic; the counts answer meanwhile\n',
  )
  for (let told = ''; ; await delay(250)) {
    const { state, done, of, why, events, repaired, completeFrom = 0 } = (await ask('GET')).body
    if (state === 'failed') throw new Error(`The rebuild failed, the counts are as they were: ${why}`)
    if (state === 'none')
      throw new Error('The aggregator was restarted meanwhile; the counts are as they were, or mended already: make rebuild')
    if (state === 'done') {
      process.stdout.write(`${events} records counted again, ${repaired} buckets were wrong and are right now\n`)
      if (completeFrom > 0) {
        const from = formatRfc3339(startMicros(completeFrom))
        process.stdout.write(`buckets before ${from} are as they were: the topic does not hold all of their orders any more\n`)
      }
      return 0
    }
    const line = `${state}: ${done} of ${of}`
    if (line !== told) process.stderr.write(`${line}\n`)
    told = line
  }
})
