create temporary table recent as select id, customer_id, amount from orders where placed_at > '2026-01-01';
insert into mart.daily_revenue select '2026-02-01', c.region, r.amount from recent r join customers c on c.id = r.customer_id;
