-- token-bucket.ts in Redis, by the clock of Redis: instances whose clocks differ share one bucket.
-- KEYS[1] bucket; ARGV: milliseconds a token takes, burst, tokens asked for. A full bucket and an absent one are the same.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local token_ms, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = tonumber(redis.call('GET', KEYS[1]) or now)
local available = math.max(0, burst - math.max(0, full_at - now) / token_ms)
local granted = math.min(cost, math.floor(available + 1e-6))
local left = math.max(0, available - granted)
local full_ms = (burst - left) * token_ms
-- Also a bucket that would be full later than an empty one, after the rate was raised or the clock stepped back: it would refuse until then.
if granted > 0 or full_at > now + full_ms + 1 then
  redis.call('SET', KEYS[1], string.format('%.3f', now + full_ms), 'PX', math.ceil(full_ms) + 1)
end
-- Redis cuts fractions off: the times go in microseconds.
local next_us, full_us = math.max(0, (1 - left) * token_ms) * 1000, full_ms * 1000
return { granted, math.floor(left + 1e-6), math.ceil(next_us), math.ceil(full_us) }
