-- Who may do what. Nobody but the owner may change or delete an order or an event.

grant select, insert on orders to tally_api;
grant insert on outbox to tally_api;
grant select, insert on merchants, api_keys to tally_api;
grant update (rate_per_minute, burst) on merchants to tally_api;
grant update (revoked_at) on api_keys to tally_api;
grant select, insert, update on node_leases to tally_api;
grant execute on function ensure_outbox_partitions, drop_outbox_partitions to tally_api;

grant select on orders, outbox, merchants to tally_reader;

grant select on outbox, dbz_signal, dbz_heartbeat to dbz;
grant insert on dbz_signal to dbz;
grant insert, update on dbz_heartbeat to dbz;
