create table orders (id int primary key, customer_id int, amount decimal(10,2), placed_at datetime);
create table customers (id int primary key, region varchar(8), email varchar(80));
insert into customers values (1, 'EU', 'a@example.com'), (2, 'US', 'it''s "b"@example.com');
insert into orders values (1, 1, 10.5, '2026-01-01 10:00:00'), (2, 2, 20, '2026-01-02 11:00:00');
