// Bodies as bytes, decoded strictly: JSON is UTF-8, and what is not is told so.
import { Problem } from '@tally/platform/problem'
import type { RequestHandler } from 'express'
import express from 'express'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Reads a body of the media type, at most `limit` bytes after inflating, into `req.body` as bytes. 413, 415. */
export function readBody(mediaType: string, limit: number): RequestHandler[] {
  return [
    (req, _res, next) => {
      const [type = '', ...parameters] = (req.get('content-type') ?? '').toLowerCase().split(';')
      const charset = parameters.map((parameter) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter)?.[1]).find(Boolean)
      if (type.trim() === mediaType && (charset === undefined || charset === 'utf-8' || charset === 'utf8')) next()
      else next(new Problem(415, 'unsupported-media-type', 'Unsupported media type', `Send ${mediaType}, in UTF-8.`))
    },
    express.raw({ type: () => true, limit }),
  ]
}

/** Parses JSON text in bytes. @throws Problem 400 */
export function parseJson(bytes: unknown): unknown {
  try {
    if (!Buffer.isBuffer(bytes)) throw new Error('there is no body')
    return JSON.parse(decoder.decode(bytes))
  } catch (error) {
    const why = error instanceof SyntaxError ? 'It does not parse.' : Buffer.isBuffer(bytes) ? 'It is not UTF-8.' : 'There is none.'
    throw new Problem(400, 'not-json', 'Not JSON', `The body must be JSON. ${why}`)
  }
}
