-- What Debezium reads and writes beside the outbox.

-- One row, written by the connector every second: the database's clock and how far the slot had confirmed by then,
-- in WAL order with the outbox rows. A pg_lsn column would be missing from the record, so it is a bigint.
create table dbz_heartbeat (
  id            int         primary key,
  at            timestamptz not null,
  confirmed_lsn bigint
);

create table dbz_signal (
  id   varchar(64)  primary key,
  type varchar(32)  not null,
  data varchar(2048)
);

create publication order_outbox for table outbox, dbz_signal, dbz_heartbeat
  with (publish = 'insert, update', publish_via_partition_root = true);
