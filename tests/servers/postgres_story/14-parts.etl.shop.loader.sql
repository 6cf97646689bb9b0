create table raw.events (at date, id int) partition by range (at);
create table raw.events_2026 partition of raw.events for values from ('2026-01-01') to ('2027-01-01');
insert into raw.events select date '2026-05-01', id from raw.orders;
select count(*) from raw.events where id > 3;
merge into mart.totals t using (select distinct region from raw.customers) c on t.region = c.region when not matched then insert values (c.region, 0);
create materialized view mart.regions as select distinct region from raw.customers;
refresh materialized view mart.regions;
select region into mart.copied from mart.totals;
truncate mart.copied;
copy mart.copied from stdin;
EU
\.
