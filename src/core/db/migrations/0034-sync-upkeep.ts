import type { Migration } from './index.js';

const slots = Array.from({ length: 10 }, (_, index) => index + 1);

/**
 * Declared indexes of doctypes. A declared field has a column of `document` that repeats its value, kept by a trigger
 * whoever writes, and every such column an index that begins with the organization. An index on an expression over `data`
 * would be useless: PostgreSQL does not look into one under row security unless every function in it is leakproof, and
 * those that read JSON are not.
 *
 * A new field needs no change of the table: it is given a free column, and the trigger's body, which is made from
 * `document_index`, is replaced. That waits for transactions that are writing documents, so that none of them ends later
 * with rows that the old body made.
 *
 * And replays: what devices get once more of the log, counted, so that a cursor tells which of them it has been through.
 */
export const syncUpkeep: Migration = {
  id: 34,
  name: 'sync upkeep',
  breaking: false,
  sql: `
alter table document ${slots.map((slot) => `add column key${slot} text collate "C"`).join(', ')};
${slots
  .map(
    (slot) =>
      `create index document_key${slot} on document (organization, doctype, key${slot}, name) where key${slot} is not null;`,
  )
  .join('\n')}

create table document_index (
  doctype text not null,
  field text not null,
  slot integer not null check (slot between 1 and ${slots.length}),
  ready boolean not null default false,
  primary key (doctype, field),
  unique (doctype, slot)
);
comment on table document_index is 'global: in which key of its documents a field of a doctype stands';
comment on column document_index.ready is 'Also in documents that are older than the index';
grant select on document_index to {{app}}, {{reader}}, {{system}};
grant update (ready) on document_index to {{system}};

create function document_keys() returns trigger language plpgsql as $$ begin return new; end $$;
revoke all on function document_keys() from public;
create trigger document_keys before insert or update on document for each row execute function document_keys();

create function document_index_declare(kind text, fields text[]) returns setof document_index
  language plpgsql security definer set search_path = {{schema}}, pg_temp
as $$
declare
  wanted text;
  free integer;
  body text;
begin
  if exists (select from unnest(fields) as f (name) where name not in (select field from document_index where doctype = kind)) then
    lock table document in share row exclusive mode;
    foreach wanted in array fields loop
      if exists (select from document_index where doctype = kind and field = wanted) then continue; end if;
      select s into free from generate_series(1, ${slots.length}) s
        where s not in (select slot from document_index where doctype = kind) order by s limit 1;
      exit when free is null;
      insert into document_index (doctype, field, slot) values (kind, wanted, free);
    end loop;
    select string_agg(branch.text, '') into body from (
      select format('    when %L then%s', doctype, string_agg(format(
        '
      new.key%1$s := case when not new.deleted and length(new.data ->> %2$L) <= 300 then new.data ->> %2$L end;', slot, field), '' order by slot))
        || E'\\n' as text
      from document_index group by doctype order by doctype
    ) branch;
    execute format('create or replace function document_keys() returns trigger language plpgsql as %L',
      E'begin\\n  case new.doctype\\n' || body || E'    else null;\\n  end case;\\n  return new;\\nend');
  end if;
  return query select * from document_index where doctype = kind and field = any (fields);
end
$$;
revoke all on function document_index_declare(text, text[]) from public;
grant execute on function document_index_declare(text, text[]) to {{system}};

alter table sync_device add column replay integer not null default 0, add column replay_after bigint,
  add column replay_up_to bigint, add column replay_doctypes text[];
comment on column sync_device.replay is 'Replays that an operator asked for; the last one has its bounds beside it';
`,
};
