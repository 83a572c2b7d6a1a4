-- Ids are time-sorted: 41 bits of milliseconds since 2024, 10 bits of node, 12 bits of sequence (platform/process/ids.ts).

create function first_tsid_at(at timestamptz) returns bigint
  language sql immutable parallel safe
  return (floor(extract(epoch from at) * 1000)::bigint - 1704067200000) << 22;

comment on function first_tsid_at is 'The smallest id of that millisecond: ids of an interval are a range of ids.';

-- Who holds a node is an advisory lock; this is what the next holder has to know. Ids are minted only up to
-- reserved_ms, so a restart or a second host with another clock starts behind everything the last holder can have used.
create table node_leases (
  node        int    primary key check (node between 0 and 1023),
  reserved_ms bigint not null
);

comment on column node_leases.reserved_ms is 'Epoch milliseconds up to which the holder may have minted ids.';
