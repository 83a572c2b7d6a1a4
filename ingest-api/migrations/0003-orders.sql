-- One row an accepted order, never changed. There is no foreign key to merchants on purpose: the key that placed the
-- order proves the merchant, nobody may delete merchants, and the check would lock one hot row for every order.
create table orders (
  id                bigint      not null,
  merchant_id       bigint      not null,
  external_order_id text        not null,
  content_hash      bytea       not null,
  currency          text        not null,
  placed_at         timestamptz not null,
  accepted_at       timestamptz not null,
  total_minor       bigint      not null,
  lines             jsonb       not null,
  primary key (merchant_id, id),
  constraint orders_idempotency unique (merchant_id, external_order_id)
);

comment on column orders.content_hash is 'SHA-256 of the canonical content as the merchant sent it: tells a repetition from a conflict.';
