-- Care of the outbox's partitions, one for each UTC day. The API may call these functions; it cannot alter tables itself.

create function ensure_outbox_partitions(days_ahead int) returns int
  language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  day       date;
  partition text;
  created   int := 0;
begin
  if not pg_try_advisory_xact_lock(hashtext('outbox partitions')) then
    return 0;
  end if;
  perform set_config('lock_timeout', '2s', true);
  for day in select (now() at time zone 'utc')::date + n from generate_series(0, days_ahead) n loop
    partition := 'outbox_' || to_char(day, 'YYYYMMDD');
    continue when to_regclass(partition) is not null;
    begin
      -- Attaching lets inserts into the other partitions go on; "create … partition of" would not.
      execute format('create table %I (like outbox including all)', partition);
      execute format('alter table outbox attach partition %I for values from (%s) to (%s)', partition,
        first_tsid_at(day::timestamp at time zone 'utc'), first_tsid_at((day + 1)::timestamp at time zone 'utc'));
      created := created + 1;
    exception when check_violation then
      -- The default partition has rows of that day already. Moving them would publish them again: they stay there.
      raise warning 'rows of % are in outbox_default: that day keeps no partition of its own', day;
    end;
  end loop;
  return created;
end
$$;

-- WAL position at which a partition was first seen to be past its time: no row of it was committed later.
create table outbox_retirements (
  partition text    primary key,
  retired_at pg_lsn not null
);

create function drop_outbox_partitions(retention_days int, slot text) returns int
  language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  retiring  text;
  dropped   int := 0;
begin
  if not pg_try_advisory_xact_lock(hashtext('outbox partitions')) then
    return 0;
  end if;
  perform set_config('lock_timeout', '2s', true);
  insert into outbox_retirements
    select relname, pg_current_wal_insert_lsn()
    from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'outbox'::regclass and relname ~ '^outbox_\d{8}$'
      and to_date(right(relname, 8), 'YYYYMMDD') < (now() at time zone 'utc')::date - retention_days
    on conflict do nothing;
  for retiring in
    select partition from outbox_retirements, pg_replication_slots
    where slot_name = slot and confirmed_flush_lsn > retired_at
  loop
    execute format('drop table if exists %I', retiring);
    delete from outbox_retirements where partition = retiring;
    dropped := dropped + 1;
  end loop;
  return dropped;
end
$$;

revoke execute on function ensure_outbox_partitions, drop_outbox_partitions from public;
