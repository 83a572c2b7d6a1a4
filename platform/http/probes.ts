// The ops port: /livez, /readyz, /metrics. Liveness asks whether the loop turned lately, readiness whether work can be taken.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import { messageOf } from '#process/errors'
import type { App } from '#process/run'
import { listen } from './server.ts'

/** Undefined = fine, else why not. */
export type Check = () => string | undefined | Promise<string | undefined>

/** More of the ops port, by path: what it answers to GET and POST. */
export type OpsRoutes = Map<string, (method: string) => { status: number; body: unknown }>

/** Pages of their own, by the first part of the path: `/queues`. */
export type Mounted = Map<string, RequestListener>

/** Checks may be added while the port is open. */
export type Probes = { live: Record<string, Check>; ready: Record<string, Check> }

/** Opens the ops port. Ready once everything is open, the public port last, and until shutdown begins. */
export async function openOps(
  app: App,
  at: { host: string; port: number },
  metrics: Registry,
  probes: Probes,
  routes: OpsRoutes = new Map(),
  mounted: Mounted = new Map(),
): Promise<number> {
  const ready = (): Record<string, Check> => ({
    start: () => (app.started() ? undefined : 'starting'),
    shutdown: () => (app.stopping.aborted ? 'shutting down' : undefined),
    ...probes.ready,
  })
  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = (req.url ?? '').split('?')[0]
    const page = mounted.get(`/${path?.split('/')[1]}`)
    if (page !== undefined) page(req, res)
    else if (path === '/metrics') {
      const text = await metrics.metrics()
      res.writeHead(200, { 'Content-Type': metrics.contentType }).end(text)
    } else if (path === '/livez' || path === '/readyz') {
      const { ok, checks } = await ask(path === '/livez' ? probes.live : ready())
      res.writeHead(ok ? 200 : 503, { 'Content-Type': 'application/json' }).end(`${JSON.stringify({ ok, checks })}\n`)
    } else if (routes.has(path ?? '')) {
      const { status, body } = routes.get(path ?? '')?.(req.method ?? '') ?? { status: 404, body: {} }
      res.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
    } else {
      res.writeHead(404, { 'Content-Type': 'text/plain' }).end('Here are /livez, /readyz and /metrics.\n')
    }
  }
  // What cannot be answered, such as metrics of a file that is closed already, ends with its answer: it is no fault of the service.
  const ops = await listen((req, res) => {
    answer(req, res).catch((error: unknown) => {
      app.log.warn({ err: error, path: req.url }, 'the ops port has no answer')
      if (res.headersSent) res.destroy()
      else res.writeHead(503, { 'Content-Type': 'text/plain' }).end(`Not available right now: ${messageOf(error)}\n`)
    })
  }, at)
  app.onClose('ops port', ops.close)
  return ops.port
}

async function ask(checks: Record<string, Check>) {
  const answers = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const why = await Promise.resolve(check()).catch((error: unknown) => String(error))
      return [name, why === undefined ? { ok: true } : { ok: false, why }] as const
    }),
  )
  return { ok: answers.every(([, answer]) => answer.ok), checks: Object.fromEntries(answers) }
}
