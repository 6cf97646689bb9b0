-- INSERT
INSERT INTO report SELECT placed, sum(amount), count(*) FROM orders GROUP BY placed;
INSERT INTO report (n, day) SELECT qty, day FROM items JOIN rates ON rates.rate = items.qty;
INSERT INTO report BY NAME SELECT placed AS day, 1 AS n FROM orders WHERE status = 'PAID';
INSERT INTO archive SELECT order_id, status, amount FROM orders WHERE placed < DATE '2000-02-01';
-- CREATE
CREATE TABLE margin AS SELECT i.sku, i.qty * (i.price - p.cost) AS m FROM items i JOIN products p ON p.sku = i.sku;
CREATE TABLE copy_of_stock AS FROM stock;
-- UPDATE, DELETE, MERGE
UPDATE orders SET discount = amount * 0.1 WHERE status = 'PAID';
UPDATE stock SET qty = stock.qty - i.qty FROM (SELECT sku, sum(qty) AS qty FROM items GROUP BY sku) i WHERE i.sku = stock.sku;
UPDATE people SET salary = (SELECT max(amount) FROM orders WHERE customer_id = people.id) WHERE dept = 'a';
DELETE FROM archive USING orders WHERE archive.order_id = orders.order_id AND orders.status = 'VOID';
DELETE FROM items WHERE sku NOT IN (SELECT p.sku FROM products p);
MERGE INTO stock USING (SELECT sku, max(qty) AS qty FROM items GROUP BY sku) items ON stock.sku = items.sku WHEN MATCHED AND items.qty > 3 THEN UPDATE SET qty = items.qty WHEN NOT MATCHED THEN INSERT (sku, qty) VALUES (items.sku, items.qty);
MERGE INTO archive USING (SELECT order_id, status FROM orders WHERE amount > 5) o ON archive.order_id = o.order_id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (order_id, status) VALUES (o.order_id, o.status);
