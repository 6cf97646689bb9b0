-- what is known to be answered wrongly or only in part; measured, and left out of the tests
WITH never AS (SELECT email FROM customers) SELECT sku FROM products;
SELECT "sum(amount)" FROM (SELECT sum(amount) FROM orders WHERE status = 'PAID');
UNPIVOT (SELECT order_id, amount, discount FROM orders) ON amount, discount INTO NAME what VALUE v;
SELECT * FROM items NATURAL JOIN products;
SELECT COLUMNS('^s') FROM customers;
