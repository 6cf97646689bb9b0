create schema raw authorization etl;
create schema mart authorization etl;
grant usage on schema raw, mart to analyst;
