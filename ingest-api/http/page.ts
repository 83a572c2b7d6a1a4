// Pages for people: text alone, so they may be forbidden everything else.
import type { Response } from 'express'

/** Sends HTML that loads nothing, runs nothing and is framed by nobody. */
export function sendPage(res: Response, html: string): void {
  res.set('Content-Security-Policy', "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'")
  res.type('html').send(html)
}
