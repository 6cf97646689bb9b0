set search_path = mart, raw;
create temp table recent as select id, customer_id, amount from orders where placed_at > '2026-01-01';
insert into big select r.id, c.email from recent r join customers c on c.id = r.customer_id where r.amount > 10;
update big set email = lower(c.email) from customers c where c.id = big.id;
delete from big where id in (select id from orders where amount < 12);
begin; insert into big values (7, 'x'); select count(*) from big; commit;
