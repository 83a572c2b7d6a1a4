// Who places orders, and how fast they may.

export type Merchant = { merchantId: bigint; name: string; perMinute: number | undefined; burst: number | undefined }

export type Limit = { perMinute: number; burst: number }

/** The merchant's own limit where it has one; without a burst of its own, a minute's worth at once. */
export function limitOf({ perMinute, burst }: Merchant, defaults: Limit): Limit {
  if (perMinute === undefined) return { perMinute: defaults.perMinute, burst: burst ?? defaults.burst }
  return { perMinute, burst: burst ?? perMinute }
}
