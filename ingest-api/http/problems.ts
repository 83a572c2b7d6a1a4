// The pages that the `type` of a problem leads to.
import { onlyMethods } from '@tally/platform/http/app'
import { notFound } from '@tally/platform/http/problem'
import { Router } from 'express'
import { sendPage } from './page.ts'

const PAGES: Record<string, [title: string, text: string]> = {
  'not-json': ['Not JSON', 'The body could not be parsed as JSON in UTF-8. Nothing was written. Mend the body and send it again.'],
  'repeated-key': [
    'A key stands twice',
    'A key stood more than once in one object of the body, each of them named in "errors". Nothing was written: which value is meant, nobody can tell.',
  ],
  'bad-request': ['Bad request', 'The request could not be read as HTTP means it. Nothing was written.'],
  'idempotency-key-mismatch': [
    'Idempotency-Key differs from externalOrderId',
    'An order is identified by its externalOrderId. Idempotency-Key may be sent too, bare or quoted, but has to be the same.',
  ],
  unauthorized: ['No valid API key', 'Send "Authorization: Bearer KEY" with a key that was not revoked.'],
  'not-found': ['Not found', 'There is nothing at this address that your key may see.'],
  'method-not-allowed': ['Method not allowed', 'The header Allow lists the methods that are possible at this address.'],
  'order-conflict': [
    'Another order has this externalOrderId',
    'An order with this externalOrderId but other content was placed before. It was not changed. A new order needs an externalOrderId of its own.',
  ],
  'expectation-failed': ['Expectation not met', 'Of the header Expect only 100-continue can be met. Nothing was written: leave it out.'],
  'request-timeout': ['Request too slow', 'The request did not arrive in time. Nothing was written. Send the very same again.'],
  'headers-too-large': ['Headers too large', 'The headers of a request may be 16 KiB together.'],
  'too-large': ['Body too large', 'An order is at most 64 KiB; a batch at most 4 MiB and 1 000 lines.'],
  'unsupported-media-type': ['Unsupported media type', 'Send application/json (a batch: application/x-ndjson) in UTF-8.'],
  'invalid-fields': [
    'Some fields are not valid',
    'Every fault is listed in "errors" with a JSON pointer to the field. Nothing was written. Sending the same again gives the same answer.',
  ],
  'rate-limited': ['Too many orders', 'Wait as many seconds as Retry-After says. Refused requests cost nothing.'],
  'too-many-wrong-keys': [
    'Too many wrong API keys',
    'Too many keys that nobody has came from your address. Mend the key, then wait as many seconds as Retry-After says.',
  ],
  unavailable: [
    'Not available right now',
    'The order may or may not have been written. Send the very same again after Retry-After seconds: an order is never taken twice.',
  ],
  'as-of-not-kept': [
    'There is no answer as of that time',
    'asOf was not reached yet, or is not kept any more; "errors" says up to when, or from when on, there are answers.',
  ],
  'not-enough-history': [
    'Not enough history',
    'A forecast needs enough closed hours or days to learn from and to be tested on; "detail" says how many. A shorter horizon needs less.',
  ],
  internal: ['Internal error', 'A fault of ours. It is logged under the requestId. Sending the very same again is safe.'],
}

/** GET /problems and one page each below it. */
export function problemPages(): Router {
  const router = Router()
  const page = (title: string, body: string) =>
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>${body}</html>\n`
  router
    .route('/problems')
    .get((_req, res) => {
      const items = Object.entries(PAGES).map(([slug, [title]]) => `<li><a href="/problems/${slug}">${title}</a></li>`)
      sendPage(res, page('Problems', `<h1>Problems</h1><ul>${items.join('')}</ul>`))
    })
    .all(onlyMethods('GET', 'HEAD'))
  router
    .route('/problems/:slug')
    .get((req, res) => {
      const { slug } = req.params
      const found = Object.hasOwn(PAGES, slug) ? PAGES[slug] : undefined
      if (found === undefined) throw notFound(`There is no problem ${slug}.`)
      const [title, text] = found
      sendPage(res, page(title, `<h1>${title}</h1><p>${text.replaceAll('"', '&quot;')}</p><p><a href="/problems">All problems</a></p>`))
    })
    .all(onlyMethods('GET', 'HEAD'))
  return router
}
