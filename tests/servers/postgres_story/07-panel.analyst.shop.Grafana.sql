set search_path = mart, raw;
select day as "time", revenue from daily_revenue where region = 'EU' order by 1;
select day, revenue from eu_revenue;
select e.day, o.amount from eu_revenue e join orders o on o.placed_at::date = e.day::date;
