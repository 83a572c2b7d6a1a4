// The replayer's own processes: the service, which can be killed, and the command with its exit code.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { childEnvironment } from '../../../test/support/config.ts'
import { stack } from '../../../test/support/stack.ts'
import { until } from '../../../test/support/until.ts'

const root = new URL('../../..', import.meta.url).pathname

export type Setting = { topic: string; group: string; auditTopic: string; aggregatorUrl: string }

export type Answer = { exitCode: number | null; out: string; note: string }

export function replayer({ topic, group, auditTopic, aggregatorUrl }: Setting) {
  const environment = (extra: Record<string, string>) =>
    childEnvironment({
      KAFKA_BROKERS: stack.kafka,
      SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl,
      DEAD_LETTER_QUEUES: `${topic}:${group}`,
      AUDIT_TOPIC: auditTopic,
      QUEUE_DATABASE_URL: stack.database('replayer', 'replayer'),
      AGGREGATOR_URL: aggregatorUrl,
      AGGREGATOR_GROUP: group,
      OPS_LISTEN: '127.0.0.1:0',
      USER: 'ada',
      ...extra,
    })
  const running = new Set<ChildProcess>()

  async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  return {
    /** Starts the service; returns once it waits for runs. */
    async start(extra: Record<string, string> = {}) {
      const child = spawn('node', ['dlq-replayer/main.ts'], {
        cwd: root,
        env: environment(extra),
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      running.add(child)
      let log = ''
      child.stdout.on('data', (chunk) => {
        log += chunk
      })
      await until(() => log.includes('waiting for runs'), { what: `the dlq-replayer waits for runs` }).catch((error) => {
        throw new Error(`${error.message}\n${log}`)
      })
      return {
        async metrics() {
          const { port } = JSON.parse(log.split('\n').find((line) => line.includes('waiting for runs')) ?? '{}')
          return (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
        },
        kill: () => end(child, 'SIGKILL'),
        async stop() {
          await end(child, 'SIGTERM')
          return child.exitCode
        },
      }
    },
    /** Runs the command, without a terminal. */
    async command(parameters: Record<string, string> = {}): Promise<Answer> {
      const child = spawn('node', ['dlq-replayer/replay-dlq.ts'], {
        cwd: root,
        env: environment(parameters),
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const ended = once(child, 'exit')
      const [out, note] = await Promise.all([text(child.stdout), text(child.stderr)])
      const [exitCode] = await ended
      return { exitCode, out, note }
    },
    /** Runs the command at a terminal of its own; `typing` gets each new text on the screen and says what is typed then. `exec`: a dash in between would end with 130 itself. */
    async atTerminal(parameters: Record<string, string>, typing: (screen: string) => string | undefined): Promise<Answer> {
      const child = spawn('script', ['-qec', 'exec node dlq-replayer/replay-dlq.ts', '/dev/null'], {
        cwd: root,
        env: environment({ ...parameters, TERM: 'dumb' }),
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      running.add(child)
      let out = ''
      child.stdout.on('data', (chunk) => {
        out += chunk
        const typed = typing(out)
        if (typed !== undefined) child.stdin.write(typed)
      })
      const [exitCode] = await once(child, 'close')
      return { exitCode, out: out.replaceAll('\r\n', '\n'), note: '' }
    },
    async close() {
      for (const child of running) await end(child, 'SIGKILL')
    },
  }
}
