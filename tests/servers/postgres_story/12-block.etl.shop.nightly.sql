create table mart.totals (region text, revenue numeric);
create function mart.refresh() returns void language plpgsql as $body$
begin
  delete from mart.totals;
  insert into mart.totals select region, sum(revenue) from mart.daily_revenue group by region;
end
$body$;
select mart.refresh();
do $$
declare n int;
begin
  select count(*) into n from raw.orders;
  insert into mart.totals select 'all', n from raw.customers limit 1;
end
$$;
select o.id from raw.orders o where o.amount > 3 for update;
