// Bodies as bytes, decoded strictly: JSON is UTF-8, and what is not is told so.
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import type { ZlibOptions } from 'node:zlib'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { Problem } from '@tally/platform/http/problem'
import { parseStrictJson, RepeatedKeys } from '@tally/platform/http/strict-json'
import type { RequestHandler } from 'express'

const decoder = new TextDecoder('utf-8', { fatal: true })

const INFLATE: Record<string, (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>> = {
  gzip: promisify<Buffer, ZlibOptions, Buffer>(gunzip),
  'x-gzip': promisify<Buffer, ZlibOptions, Buffer>(gunzip),
  deflate: promisify<Buffer, ZlibOptions, Buffer>(inflate),
  br: promisify<Buffer, ZlibOptions, Buffer>(brotliDecompress),
}

const tooLarge = () => new Problem(413, 'too-large', 'Body too large', 'The body is larger than allowed.')
const unreadable = () => new Problem(400, 'bad-request', 'Bad request', 'The request could not be read.')

/**
 * Reads a body of the media type, at most `limit` bytes before and after inflating, into `req.body` as bytes. 413, 415.
 * Not by express.raw: it takes a body for read already when the client has closed its side of the connection by then.
 */
export function readBody(mediaType: string, limit: number): RequestHandler {
  return async (req, _res, next) => {
    const [type = '', ...parameters] = (req.headers['content-type'] ?? '').toLowerCase().split(';')
    const charset = parameters.map((parameter) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter)?.[1]).find(Boolean)
    if (type.trim() !== mediaType || (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8'))
      throw new Problem(415, 'unsupported-media-type', 'Unsupported media type', `Send ${mediaType}, in UTF-8.`)
    const encoding = req.headers['content-encoding']?.toLowerCase() ?? 'identity'
    const inflated = Object.hasOwn(INFLATE, encoding) ? INFLATE[encoding] : undefined
    if (inflated === undefined && encoding !== 'identity')
      throw new Problem(415, 'unsupported-media-type', 'Unsupported media type', 'The content type, encoding or charset is not supported.')
    if (Number(req.headers['content-length']) > limit) throw tooLarge()
    const bytes = await bytesOf(req, limit)
    req.body = inflated === undefined ? bytes : await inflated(bytes, { maxOutputLength: limit }).catch(refuseInflated)
    next()
  }
}

function bytesOf(req: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    req.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= limit) chunks.push(chunk)
      else reject(tooLarge())
    })
    req.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
    // Cut off: there is nobody to answer, but what is under way has to end. Every request closes, and an error made for each would cost.
    const cutOff = () => {
      if (!req.readableEnded) reject(unreadable())
    }
    req.on('error', cutOff)
    req.on('close', cutOff)
    // Cut off before anybody listened: it tells nothing any more.
    if (req.destroyed) cutOff()
  })
}

function refuseInflated(error: NodeJS.ErrnoException): never {
  throw error.code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge() : unreadable()
}

/** Parses JSON text in bytes. A key that stands twice is refused: which of its values is meant, nobody can tell. @throws Problem 400 */
export function parseJson(bytes: unknown): unknown {
  try {
    if (!Buffer.isBuffer(bytes) || bytes.length === 0) throw new Error('there is no body')
    return parseStrictJson(decoder.decode(bytes))
  } catch (error) {
    if (error instanceof RepeatedKeys) throw repeatedKeys(error)
    const why = error instanceof SyntaxError ? 'It does not parse.' : error instanceof TypeError ? 'It is not UTF-8.' : 'There is none.'
    throw new Problem(400, 'not-json', 'Not JSON', `The body must be JSON. ${why}`)
  }
}

const repeatedKeys = ({ pointers }: RepeatedKeys) =>
  new Problem(
    400,
    'repeated-key',
    'A key stands twice',
    'A key may stand once in an object: those that stand twice are named in "errors".',
    {
      errors: [...new Set(pointers)].map((pointer) => ({ pointer, detail: 'stands more than once' })),
    },
  )
