/* {"app": "dbt", "dbt_version": "1.9.4", "profile_name": "shop", "target_name": "prod", "node_id": "model.shop.daily_revenue"} */
create table mart.daily_revenue
  as
  (
    select date_trunc('day', o.placed_at) as day,

           c.region,
           sum(o.amount) as revenue -- with tax
    from raw.orders o
    join raw.customers c on c.id = o.customer_id
    group by 1, 2
  );
create view mart.eu_revenue as select day, revenue from mart.daily_revenue where region = 'EU';
create table mart.big (id int, email text);
grant select on all tables in schema raw, mart to analyst;
