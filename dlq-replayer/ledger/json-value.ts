// JSON of any decoded value: bigint as decimal text, bytes as hex. To compare and to show, not to send.

/** Undefined for undefined. */
export const jsonOf = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? `${inner}` : inner instanceof Uint8Array ? Buffer.from(inner).toString('hex') : inner,
  )
