create database shop;
create database mart;
create user etl@localhost;
create user metabase@localhost;
grant all on shop.* to etl@localhost;
grant all on mart.* to etl@localhost;
grant select on shop.* to metabase@localhost;
grant select on mart.* to metabase@localhost;
