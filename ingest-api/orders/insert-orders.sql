-- Orders and their events in one statement. Rows are taken in the order of the unique key, so that two flushes with the
-- same orders wait for each other but never deadlock. What is not returned was there before, or comes twice in the input.
with input as (
  select *
  from unnest(
    $1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::text[],
    $10::bigint[], $11::bytea[], $12::text[], $13::text[]
  ) as input (
    id, merchant_id, external_order_id, content_hash, currency, placed_at, accepted_at, total_minor, lines,
    event_id, payload, traceparent, tracestate
  )
), inserted as (
  insert into orders (id, merchant_id, external_order_id, content_hash, currency, placed_at, accepted_at, total_minor, lines)
  select id, merchant_id, external_order_id, content_hash, currency, placed_at, accepted_at, total_minor, lines::jsonb
  from input
  order by merchant_id, external_order_id, id
  on conflict on constraint orders_idempotency do nothing
  returning id
), events as (
  insert into outbox (id, aggregatetype, aggregateid, type, payload, traceparent, tracestate)
  select event_id, 'order', id::text, 'OrderPlaced', payload, traceparent, tracestate
  from input join inserted using (id)
)
select id from inserted
