// How commands reach the supervisor: one JSON line asks, JSON lines answer, the end of the connection ends it.
import { chmodSync, rmSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { StackError } from './errors.ts'
import type { ProcessId } from './processes.ts'

export type Request = {
  /** `leave`: an `up` was interrupted; ends the stack if that was its first, and nothing otherwise. */
  verb: 'up' | 'down' | 'leave' | 'start' | 'stop' | 'restart' | 'kill' | 'status' | 'environment'
  names: string[]
  profiles?: string[]
  env?: Record<string, string | undefined>
}

/** What the end of a stack came to, and the process that is about to exit. */
export type Ended = ProcessId & { undrained: string[] }

type Answer = { say?: string; result?: unknown; error?: string; exitCode?: number }

/** What a command's handler gets. */
export type Call = { say(line: string): void; gone: AbortSignal }

/** Listens; `handle` answers one request and its result goes back. */
export async function serve(path: string, handle: (request: Request, call: Call) => Promise<unknown>): Promise<Server> {
  const server = createServer((socket) => {
    const gone = new AbortController()
    const answer = (line: Answer) => socket.writable && socket.write(`${JSON.stringify(line)}\n`)
    socket.on('error', () => gone.abort())
    socket.on('close', () => gone.abort())
    eachLine(socket, async (line) => {
      try {
        answer({ result: (await handle(JSON.parse(line), { say: (text) => answer({ say: text }), gone: gone.signal })) ?? null })
      } catch (error) {
        const { message, exitCode, stack } = error as StackError
        answer({ error: error instanceof StackError ? message : (stack ?? message), exitCode: exitCode ?? 1 })
      }
      socket.end()
    })
  })
  rmSync(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
  return server
}

/** Connects; undefined when nobody listens. */
export function reach(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })
}

/** Asks and waits for the result. @throws StackError with the supervisor's own words */
export function ask<T>(socket: Socket, request: Request, say: (line: string) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    eachLine(socket, (line) => {
      const { say: words, error, exitCode, result } = JSON.parse(line) as Answer
      if (words !== undefined) say(words)
      else if (error !== undefined) reject(new StackError(error, exitCode))
      else resolve(result as T)
    })
    socket.on('error', () => {})
    socket.on('close', () => reject(new StackError('the supervisor is gone: run the command again, it finds and stops what is left over')))
    socket.write(`${JSON.stringify(request)}\n`)
  })
}

/** Not readline: it makes every socket error one that nobody can handle. */
function eachLine(socket: Socket, take: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(take)
  })
}
