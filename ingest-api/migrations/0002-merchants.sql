create table merchants (
  id              bigint      generated always as identity primary key,
  name            text        not null unique check (name <> ''),
  rate_per_minute int         check (rate_per_minute > 0),
  burst           int         check (burst > 0),
  created_at      timestamptz not null default now()
);

comment on column merchants.rate_per_minute is 'Orders a minute; null: the service''s default.';
comment on column merchants.burst is 'Orders at once; null: as many as a minute''s rate.';

-- A key is 256 random bits shown once. A plain SHA-256 of it is enough: there is nothing to guess.
create table api_keys (
  key_hash    bytea       primary key check (octet_length(key_hash) = 32),
  merchant_id bigint      not null references merchants,
  created_at  timestamptz not null default now(),
  revoked_at  timestamptz
);

create index api_keys_of_merchant on api_keys (merchant_id);
