begin;
declare c cursor for select id, amount from raw.orders;
fetch 10 from c;
close c;
commit;
prepare q(int) as select email from raw.customers where id = $1;
execute q(3);
execute q(4);
copy (select * from mart.daily_revenue) to stdout;
