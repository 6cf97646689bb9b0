// What a domain exposes.
CREATE CONSTRAINT data_product_by_name IF NOT EXISTS FOR (n:DataProduct) REQUIRE (n.namespace, n.name) IS UNIQUE;
CREATE INDEX data_product_by_last_part IF NOT EXISTS FOR (n:DataProduct) ON (n.last_part);
