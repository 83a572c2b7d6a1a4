// W3C Trace Context as it travels with an order into its event.

export type Trace = { traceparent: string; tracestate: string | undefined }

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
const TRACESTATE = /^[\x20-\x7e]{1,512}$/

/** The caller's trace if its header is valid, else a new one; `randomHex(n)` gives n random bytes as hex. */
export function traceOf(traceparent: string | undefined, tracestate: string | undefined, randomHex: (bytes: number) => string): Trace {
  if (traceparent === undefined || !TRACEPARENT.test(traceparent))
    return { traceparent: `00-${randomHex(16)}-${randomHex(8)}-01`, tracestate: undefined }
  return { traceparent, tracestate: tracestate !== undefined && TRACESTATE.test(tracestate) ? tracestate : undefined }
}
