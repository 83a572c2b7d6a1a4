-- Debezium's event router columns. The primary key is id alone: an incremental snapshot walks it, and with a timestamp
-- in the key the second chunk fails without a word. created_at is without time zone because the router reads an int64.
create table outbox (
  id            bigint    primary key,
  aggregatetype text      not null,
  aggregateid   text      not null,
  type          text      not null,
  payload       bytea     not null,
  created_at    timestamp not null default (now() at time zone 'utc'),
  traceparent   text,
  tracestate    text
) partition by range (id);

-- Catches ids of a day without a partition, so that a missing one never fails an order.
create table outbox_default partition of outbox default;

comment on table outbox is 'Events still replayable; insert only. Old days are dropped as whole partitions, never row by row.';
