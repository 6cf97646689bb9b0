/* {"app": "dbt", "dbt_version": "1.9.4", "profile_name": "shop", "target_name": "prod", "node_id": "model.shop.daily_revenue"} */
create table mart.daily_revenue as
select date(o.placed_at) as day, c.region, sum(o.amount) as revenue

from orders o join customers c on c.id = o.customer_id
group by 1, 2;
create view mart.eu_revenue as select day, revenue from mart.daily_revenue where region = 'EU';
use mart;
insert into daily_revenue select date(o.placed_at), c.region, sum(o.amount) from shop.orders o join shop.customers c on c.id = o.customer_id where c.region = 'EU' group by 1, 2;
update daily_revenue d join shop.customers c on c.region = d.region set d.revenue = d.revenue * 2 where c.id = 1;
delete from daily_revenue where revenue < 0;
