-- stars, expressions, conditions
SELECT * FROM products;
SELECT c.*, o.amount FROM customers c JOIN orders o ON o.customer_id = c.id;
SELECT * EXCLUDE (email) FROM customers;
SELECT * REPLACE (upper(name) AS name) FROM customers WHERE country = 'DE';
SELECT COLUMNS('^[ns]') FROM customers;
SELECT status, CASE WHEN discount > 0 THEN amount - discount ELSE amount END AS net FROM orders;
SELECT coalesce(discount, 0) AS d, amount / nullif(discount, 0) AS r FROM orders;
SELECT amount AS x, x * 2 AS y FROM orders WHERE y > 10;
SELECT if(status = 'PAID', currency, 'none') AS c FROM orders;
SELECT DISTINCT country FROM customers;
SELECT DISTINCT ON (status) order_id, amount FROM orders ORDER BY status, placed;
FROM orders SELECT order_id, status WHERE amount > 5;
SELECT order_id FROM orders ORDER BY placed DESC LIMIT 5;
-- aggregates and groups
SELECT status, count(*) AS n, sum(amount) AS total FROM orders GROUP BY status HAVING max(discount) > 1;
SELECT currency, status, sum(amount) AS s FROM orders GROUP BY ROLLUP (currency, status);
SELECT status, currency, avg(amount) AS a FROM orders GROUP BY ALL;
SELECT country, count(DISTINCT referrer) AS n FROM customers GROUP BY 1;
SELECT arg_max(status, placed) AS latest, currency FROM orders GROUP BY currency;
SELECT sum(amount) FILTER (WHERE status = 'PAID') AS paid FROM orders;
SELECT string_agg(currency, ',' ORDER BY placed) AS names FROM orders;
-- joins
SELECT name, amount FROM customers LEFT JOIN orders ON orders.customer_id = customers.id;
SELECT sku, title, qty FROM items JOIN products USING (sku);
SELECT * FROM items NATURAL JOIN stock;
SELECT o.order_id, r.rate FROM orders o ASOF JOIN rates r ON o.currency = r.currency AND o.placed >= r.day;
SELECT o.order_id FROM orders o SEMI JOIN items i ON i.order_id = o.order_id AND i.qty > 2;
SELECT o.order_id FROM orders o ANTI JOIN items i ON i.order_id = o.order_id AND i.qty > 2;
SELECT e.name AS emp, b.name AS boss FROM people e JOIN people b ON e.boss = b.id WHERE e.salary > b.salary;
SELECT p.title, s.place FROM products p CROSS JOIN stock s WHERE p.sku = s.sku;
SELECT qty FROM stock FULL JOIN archive ON stock.qty = archive.order_id;
-- subqueries
SELECT name FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE amount > 10);
SELECT sku FROM products WHERE sku IN (SELECT sku FROM items WHERE qty > 1);
SELECT name FROM customers c WHERE EXISTS (SELECT * FROM orders o WHERE o.customer_id = c.id AND status = 'PAID');
SELECT name FROM customers c WHERE NOT EXISTS (SELECT email FROM orders o WHERE o.customer_id = c.id);
SELECT name, (SELECT max(amount) FROM orders o WHERE o.customer_id = c.id) AS top FROM customers c;
SELECT title FROM products WHERE cost > (SELECT avg(cost) FROM products);
SELECT name, total FROM customers c, LATERAL (SELECT sum(amount) AS total FROM orders o WHERE o.customer_id = c.id) t;
SELECT n FROM (SELECT name AS n, country FROM customers) WHERE country = 'FR';
SELECT salary > ALL (SELECT salary FROM people WHERE dept = 'a') AS top FROM people;
-- WITH
WITH orders AS (SELECT order_id, amount FROM orders WHERE status = 'PAID') SELECT order_id, amount FROM orders;
WITH a AS (SELECT * FROM items), b AS (SELECT sku, sum(qty) AS q FROM a GROUP BY sku) SELECT q FROM b;
WITH c(k, v) AS (SELECT sku, cost FROM products) SELECT v FROM c WHERE k = 'a';
WITH RECURSIVE up AS (SELECT id, boss, name FROM people WHERE dept = 'a' UNION SELECT p.id, p.boss, p.name FROM people p JOIN up ON p.id = up.boss) SELECT name FROM up;
WITH r AS (SELECT order_id, amount, row_number() OVER (PARTITION BY customer_id ORDER BY placed DESC) AS rn FROM orders) SELECT order_id, amount FROM r WHERE rn = 1;
-- windows
SELECT order_id, sum(amount) OVER (PARTITION BY customer_id ORDER BY placed) AS running FROM orders;
SELECT order_id FROM orders QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY placed) = 1 AND amount > 1;
SELECT lag(amount) OVER w AS before, rank() OVER w AS r FROM orders WINDOW w AS (PARTITION BY currency ORDER BY placed);
SELECT name, first_value(salary) OVER (PARTITION BY dept ORDER BY id) AS first FROM people;
-- set operations
SELECT sku, qty FROM items UNION ALL SELECT sku, qty FROM stock;
SELECT sku, qty FROM items UNION ALL BY NAME SELECT qty, place, sku FROM stock;
SELECT id FROM people EXCEPT SELECT qty FROM stock;
SELECT sku FROM products INTERSECT SELECT sku FROM items WHERE qty > 1;
SELECT name AS x FROM customers UNION SELECT title FROM products ORDER BY x LIMIT 4;
-- pivots and nested values
PIVOT (SELECT status, currency, amount FROM orders) ON currency IN ('EUR', 'USD') USING sum(amount) GROUP BY status;
SELECT * FROM (SELECT order_id, amount, discount FROM orders) UNPIVOT INCLUDE NULLS (v FOR what IN (amount, discount));
SELECT id, unnest(tags) AS tag FROM events WHERE kind = 'a';
SELECT id, t.tag FROM events, UNNEST(tags) AS t(tag);
SELECT info.size AS size, kind FROM events WHERE info.kind = 'a';
SELECT struct_extract(info, 'size') AS s, tags[1] AS first FROM events;
SELECT list_transform(tags, lambda x: x || kind) AS t FROM events;
SELECT v.b FROM (VALUES (1, 'x')) v(a, b) JOIN people ON people.id = v.a;
SELECT "sum(amount)" FROM (SELECT sum(amount) FROM orders WHERE status = 'PAID');
UNPIVOT (SELECT order_id, amount, discount FROM orders) ON amount, discount INTO NAME what VALUE v;
SELECT * FROM items NATURAL JOIN products;
SELECT COLUMNS('^s') FROM customers;
SELECT id, sku FROM (SELECT o.customer_id AS id, i.sku, row_number() OVER (PARTITION BY i.sku ORDER BY o.placed) AS n FROM orders o JOIN items i USING (order_id)) WHERE n = 1;
SELECT order_id FROM orders QUALIFY rank() OVER (PARTITION BY status ORDER BY amount) = 1;
SELECT sum(COLUMNS('amount|discount')) FROM orders WHERE status = 'PAID';
SELECT * LIKE '%m%' FROM people;
SELECT status, sum(amount) AS total FROM orders GROUP BY GROUPING SETS ((status), ());
SELECT hash(o) AS whole FROM orders o WHERE amount > 5;
WITH RECURSIVE up(id, boss, depth) AS (SELECT id, boss, 0 FROM people WHERE dept = 'x' UNION ALL SELECT p.id, p.boss, depth + 1 FROM people p JOIN up ON p.id = up.boss WHERE depth < 3) SELECT id, depth FROM up;
FROM orders SELECT amount - discount AS net WHERE currency = 'EUR';
SELECT r.day, o.amount * r.rate AS value FROM orders o ASOF JOIN rates r ON o.currency = r.currency AND o.placed >= r.day;
SELECT name, dept, salary - avg(salary) OVER w AS above FROM people WINDOW w AS (PARTITION BY dept);
