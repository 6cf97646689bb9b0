-- Statements of the archive lake (Trino).

--- user=mira.okafor app=jupyter schema=bus at="2/business"
SELECT {I:o.order_id}, {I:o.customer_id}, {I:o.amount}, {I:p.card_bin}, {I:p.method}
FROM {@order_placed o}
JOIN {@payment_captured p} ON {J:p.order_id} = {J:o.order_id}
WHERE {F:o.archived_on} >= DATE '{$day-3}' AND {F:p.archived_on} >= DATE '{$day-3}'
--- user=mira.okafor app=jupyter schema=bus at="business 13:10"
WITH bins AS (
  SELECT {IG:p.card_bin}, count(*) AS tries, approx_distinct({A:p.order_id}) AS orders
  FROM {@payment_captured p} WHERE {F:p.archived_on} = DATE '{$day-1}' GROUP BY p.card_bin
)
SELECT bins.card_bin, bins.tries, {I:b.reason}
FROM bins LEFT JOIN {@archive.ref.blocked_bins b} ON {J:b.card_bin} = {J:p.card_bin=bins.card_bin}
ORDER BY bins.tries DESC LIMIT 100
--- user=tomas.novak app=jupyter schema=bus at="weekly mon,wed,thu 10:30"
SELECT {IG:v.device_id}, count(DISTINCT {A:v.customer_id}) AS people FROM {@page_viewed v} WHERE {F:v.viewed_at} > TIMESTAMP '{$day-2} 00:00:00' GROUP BY v.device_id HAVING count(DISTINCT {F:v.customer_id}) > 3
--- user=tomas.novak app=trino-cli schema=features at="sporadic 17"
select {I|f|order_id}, {I|f|score} from {@fraud_scores f=fraud_scores} where {F|f|scored_on} = date '{$day-1}' order by {S|f|score} desc limit {$pick 20 50 100}
--- user=svc_pricing_model app=pricing-model schema=bus at="daily 02:30"
SELECT {I:o.order_id}, {I:o.placed_at}, {I:o.amount}, {I:o.currency} FROM {@archive.bus.order_placed o} WHERE {F:o.archived_on} BETWEEN DATE '{$day-28}' AND DATE '{$day-1}'
--- user=svc_pricing_model app=pricing-model schema=features at="daily 02:50" job=yes
INSERT INTO {!archive.features.price_elasticity}
SELECT substr({T:v.page>sku}, 10) AS sku, corr(CAST(length({A:v.page>elasticity}) AS double), {A:o.amount>elasticity}) AS elasticity, count(*) AS sample_size, current_date AS fitted_on
FROM {@archive.bus.page_viewed v}
JOIN {@archive.bus.order_placed o} ON {J:o.customer_id} = {J:v.customer_id}
WHERE {F:o.archived_on} >= DATE '{$day-28}' AND {F:v.page} LIKE '/product/%'
GROUP BY {G:v.page=1}
--- user=svc_redash app=redash tool=redash query=88 queue=scheduled at="daily 06:20" schema=bus
SELECT {IG:a.currency}, date_trunc('hour', {TGS:a.placed_at}) AS hour, count(*) AS orders, sum({A:a.amount}) AS amount
FROM {@archive.bus.order_placed a}
WHERE {F:a.archived_on} >= DATE '{$day-1}'
GROUP BY 1, 2 ORDER BY 2
--- user=svc_redash app=redash tool=redash query=91 queue=scheduled at="daily 06:25" schema=bus
SELECT {IG:s.carrier}, count(*) AS parcels FROM {@shipment_dispatched s} WHERE {F:s.archived_on} = DATE '{$day-1}' GROUP BY s.carrier
--- user=svc_archiver app=airflow schema=bus at="once 2026-07-02 05:00" job=yes ddl=yes
CREATE OR REPLACE VIEW {!archive.bus.all_orders} AS SELECT {*|o} FROM {@archive.bus.order_placed o=archive.bus.order_placed}
--- user=priya.raman app=trino-python schema=bus at="weekly tue,fri 09:40"
SELECT {I|a|order_id}, {I|a|device_id}, row_number() OVER (PARTITION BY {W|a|device_id} ORDER BY {W|a|placed_at}) AS nth FROM {@all_orders a=all_orders} WHERE {F|a|archived_on} > DATE '{$day-7}'
--- user=tomas.novak app=trino-cli schema=sandbox at="daily 05:15" job=yes group=velocity
CREATE OR REPLACE TABLE {!archive.sandbox.card_velocity} AS
SELECT {IG:p.card_bin>card_bin}, count(*) AS payments_1h, sum({A:p.amount>amount_1h}) AS amount_1h, date_trunc('hour', {TG:p.captured_at>hour_start}) AS hour_start
FROM {@archive.bus.payment_captured p}
WHERE {F:p.archived_on} = DATE '{$day-1}'
GROUP BY p.card_bin, date_trunc('hour', p.captured_at)
--- user=svc_fraud_model app=fraud-model schema=sandbox at="daily 05:40"
SELECT {*|c} FROM {@card_velocity c=card_velocity} WHERE {F|c|payments_1h} > {$int 3 9}
--- user=mira.okafor app=jupyter schema=sandbox at="weekly fri 17:05" job=yes
CREATE OR REPLACE TABLE {!archive.sandbox.mira_sessions} AS
SELECT {IG:v.visitor_id>visitor_id}, count(*) AS pages, min({A:v.viewed_at>first_seen}) AS first_seen, max({A:v.viewed_at>last_seen}) AS last_seen
FROM {@archive.bus.page_viewed v} GROUP BY v.visitor_id
--- user=priya.raman app=trino-python schema=bus at="sporadic 6" fails=COLUMN_NOT_FOUND
SELECT event_id, voucher FROM order_placed WHERE archived_on = DATE '{$day-1}'
--- user=svc_returns_forecast app=returns-forecast schema=bus at="daily 03:15"
SELECT {IG:r.sku}, {IG:r.reason}, count(*) AS returned FROM {@archive.bus.return_received r} WHERE {F:r.received_at} >= TIMESTAMP '{$day-30} 00:00:00' GROUP BY 1, 2
--- user=svc_catalog_scanner app=scanner at="weekly sat 03:00" scan=lake
SELECT count(*) FROM {scan}
--- user=ines.costa app=trino-cli schema=features at="weekly wed 08:30"
SELECT {I:e.sku}, {I:e.elasticity} FROM {@price_elasticity e} WHERE {F:e.fitted_on} = DATE '{$day}' AND {F:e.sample_size} > 30
