create table raw.customers (id int primary key, email text, region text);
create table raw.orders (id int primary key, customer_id int references raw.customers, amount numeric, placed_at timestamptz);
insert into raw.customers select g, 'u' || g || '@example.com', case when g % 2 = 0 then 'EU' else 'US' end from generate_series(0, 9) g;
insert into raw.orders select g, g % 10, g * 1.5, '2026-01-01'::timestamptz + g * interval '1 hour' from generate_series(1, 50) g;
insert into raw.orders values (1000, 3, 5, now());
