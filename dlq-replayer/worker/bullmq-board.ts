// Bull Board on the ops port, behind a token: the queues' jobs as they lie in their store. To look at; writing is asked for on its own.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import type { Queue } from 'bullmq'

export const BOARD_PATH = '/queues'

type Board = {
  queues: Queue[]
  /** The password of any user; also taken as a bearer token. */
  token: string
  /** Lets jobs be retried, removed and added by hand. */
  write: boolean
  /** Where this is, shown on every page; production in red. */
  environment: string
}

const READING = ['GET', 'HEAD']

/** Answers everything below BOARD_PATH. */
export function bullBoard({ queues, token, write, environment }: Board): RequestListener {
  const server = new ExpressAdapter()
  server.setBasePath(BOARD_PATH)
  const production = environment === 'production'
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: !write })),
    serverAdapter: server,
    options: {
      uiConfig: {
        boardTitle: `tally dlq-replayer, ${environment}${write ? '' : ', read only'}`,
        environment: { label: environment.toUpperCase(), color: production ? '#b00020' : '#2e7d32' },
      },
    },
  })
  const router = server.getRouter()
  const app = (req: IncomingMessage, res: ServerResponse) => {
    req.url = req.url?.slice(BOARD_PATH.length) || '/'
    router(req, res)
  }
  return (req, res) => {
    if (!knows(token, req.headers.authorization)) {
      res.writeHead(401, { 'WWW-Authenticate': 'Basic realm="dlq-replayer", charset="UTF-8"' }).end('BULL_BOARD_TOKEN is the password.\n')
    } else if (!write && !READING.includes(req.method ?? '')) {
      res.writeHead(405, { Allow: READING.join(', ') }).end('Read only: BULL_BOARD_WRITE=1 lets jobs be changed.\n')
    } else {
      res.setHeader('Cache-Control', 'no-store')
      app(req, res)
    }
  }
}

function knows(token: string, authorization = ''): boolean {
  const [scheme = '', credentials = ''] = authorization.split(' ')
  const given = /^basic$/i.test(scheme)
    ? Buffer.from(credentials, 'base64')
        .toString()
        .replace(/^[^:]*:/, '')
    : credentials
  // Digests are of one length, whatever was given.
  return /^(basic|bearer)$/i.test(scheme) && timingSafeEqual(digest(given), digest(token))
}

const digest = (text: string) => createHash('sha256').update(text).digest()
