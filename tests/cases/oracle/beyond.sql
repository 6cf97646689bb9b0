-- what is known to be answered wrongly or only in part; measured, and left out of the tests
WITH never AS (SELECT email FROM customers) SELECT sku FROM products;
