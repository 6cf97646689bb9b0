-- Statements of the shop's database (PostgreSQL). plan.py explains the marks in braces.

--- user=storefront_app app=storefront tool=sqlcommenter application=storefront route=/checkout protocol=extended at=3/day job=yes
INSERT INTO {!checkout.orders} (order_id, customer_id, placed_at, status, currency, amount, discount, voucher_code, channel) VALUES ($1, $2, now(), 'open', $3, $4, $5, $6, $7)
--- user=storefront_app app=storefront tool=sqlcommenter application=storefront route=/checkout protocol=extended at=2/day job=yes
INSERT INTO {!checkout.order_lines} VALUES ($1, $2, $3, $4, $5, $6)
--- user=storefront_app app=storefront tool=sqlcommenter application=storefront route=/checkout protocol=extended at=2/day
SELECT "vouchers".{I:v|voucher_code="voucher_code"}, "vouchers".{I:v|percent="percent"} FROM {@checkout.vouchers v="checkout"."vouchers"} WHERE "vouchers".{F:v|voucher_code="voucher_code"} = $1 AND "vouchers".{F:v|valid_until="valid_until"} >= $2 LIMIT 1
--- user=storefront_app app=storefront tool=sqlcommenter application=storefront route=/cart protocol=extended at=2/day
SELECT {I:c.cart_id}, {I:c.items}, {I:c.value} FROM {@checkout.carts c} WHERE {F:c.customer_id} = $1 ORDER BY {S:c.updated_at} DESC LIMIT 1
--- user=storefront_app app=storefront tool=sqlcommenter application=storefront route=/cart protocol=extended at=2/day job=yes
INSERT INTO {!checkout.carts} (cart_id, customer_id, updated_at, items, value) VALUES ($1, $2, now(), $3, $4) ON CONFLICT (cart_id) DO UPDATE SET updated_at = now(), items = excluded.items, value = excluded.value
--- user=storefront_app app=storefront tool=sqlcommenter application=storefront route=/account/orders protocol=extended at=2/day
SELECT {I:o.order_id}, {I:o.placed_at}, {I:o.status}, {I:o.amount}, {A:l.quantity=sum(l.quantity)} AS pieces FROM {@checkout.orders o} JOIN {@checkout.order_lines l} ON {J:l.order_id} = {J:o.order_id} WHERE {F:o.customer_id} = $1 GROUP BY {G:o.order_id}, {G:o.placed_at}, {G:o.status}, {G:o.amount} ORDER BY {S:o.placed_at} DESC LIMIT 20
--- user=payments_app app=payments tool=sqlcommenter application=payments route=/capture protocol=extended at=2/day job=yes
INSERT INTO {!checkout.payments} (payment_id, order_id, method, amount, state, captured_at) VALUES ($1, $2, $3, $4, 'captured', now()) RETURNING payment_id
--- user=payments_app app=payments tool=sqlcommenter application=payments route=/capture protocol=extended at=2/day job=yes
UPDATE {!checkout.orders o} SET status = 'paid', payment_id = {I:p.payment_id>payment_id} FROM {@checkout.payments p} WHERE {F:p.order_id} = {F:o.order_id} AND {F:p.state} = 'captured' AND {F:o.order_id} = $1
--- user=payments_app app=payments tool=sqlcommenter application=payments route=/refund protocol=extended at=2/day
SELECT {I:p.payment_id}, {I:p.amount}, {I:r.refund_amount} FROM {@returns.return_requests r} JOIN {@checkout.payments p} ON {J:p.order_id} = {J:r.order_id} WHERE {F:r.approved} AND {F:p.state} = 'captured' AND {F:r.return_id} = $1
--- user=promo_admin app=backoffice at="weekly mon 08:10" job=yes
INSERT INTO {!checkout.vouchers} (voucher_code, percent, valid_from, valid_until, campaign_id)
VALUES ('{$code}', {$int 5 30}, '{$day}', '{$day+21}', {$int 100 140})
--- user=wms_app app=warehouse-desk tool=sqlcommenter application=warehouse-desk route=/pick path=fulfilment,public at=2/day
select {I:q.order_id}, {I:q.placed_at}, {I:q.carrier} from {@open_orders q} where {F:q.warehouse_id} = {$int 1 4} order by {S:q.placed_at} limit 50
--- user=wms_app app=warehouse-desk tool=sqlcommenter application=warehouse-desk route=/pick path=fulfilment,public at=3/day
SELECT {I:s.sku}, {T:s.on_hand=s.on_hand} - {T:s.reserved} AS free, {I:w.name} FROM {@stock_levels s} JOIN {@warehouses w} USING ({J:s|warehouse_id}{J:w.warehouse_id=}) WHERE {F:s.sku} = 'SKU-{$int 10000 10400}'
--- user=wms_app app=warehouse-desk tool=sqlcommenter application=warehouse-desk route=/ship path=fulfilment,public at=2/day job=yes
insert into {!shipments} (shipment_id, order_id, carrier, shipped_at, warehouse_id, cost) values ({$int 500000 599999}, {$int 900000 999999}, '{$pick DHL GLS UPS}', '{$now}', {$int 1 4}, {$int 3 9}.{$int 10 99})
--- user=wms_app app=warehouse-desk tool=sqlcommenter application=warehouse-desk route=/ship path=fulfilment,public at=3/day job=yes
insert into {!shipment_audit} values ({$int 500000 599999}, 'handed over', '{$now}', 'scanner-{$int 1 9}')
--- user=wms_app app=warehouse-desk tool=sqlcommenter application=warehouse-desk route=/stock path=fulfilment,public at=3/day job=yes
update {!stock_levels} set on_hand = {$int 0 400}, updated_at = '{$now}' where sku = 'SKU-{$int 10000 10400}' and warehouse_id = {$int 1 4}
--- user=wms_owner app=psql at="once 2026-07-14 06:30" job=yes ddl=yes
CREATE OR REPLACE VIEW {!fulfilment.open_orders} AS
SELECT {I:o.order_id}, {I:o.customer_id}, {I:o.placed_at}, {I:s.carrier}, {I:s.warehouse_id}
FROM {@checkout.orders o}
LEFT JOIN {@fulfilment.shipments s} ON {J:s.order_id} = {J:o.order_id}
WHERE {F:s.delivered_at} IS NULL AND {F:o.status} = 'paid'
--- user=returns_app app=returns tool=sqlcommenter application=returns-portal route=/returns protocol=extended at=3/day job=yes
INSERT INTO {!returns.return_requests} (return_id, order_id, sku, reason, requested_at, approved) VALUES ($1, $2, $3, $4, now(), false)
--- user=returns_app app=returns tool=sqlcommenter application=returns-portal route=/returns protocol=extended at=2/day
SELECT {I:l.sku}, {I:l.quantity}, {I:l.unit_price} FROM {@checkout.order_lines l} WHERE {F:l.order_id} = $1 AND NOT EXISTS (SELECT 1 FROM {@returns.return_requests r} WHERE {F:r.order_id} = {F:l.order_id} AND {F:r.sku} = {F:l.sku})
--- user=returns_app app=returns tool=sqlcommenter application=returns-portal route=/returns/approve at=2/day job=yes path=returns
update {!return_requests r} set approved = true, refund_amount = {T:l.unit_price>refund_amount} * {T:l.quantity>refund_amount} from {@checkout.order_lines l} where {F:l.order_id} = {F:r.order_id} and {F:l.sku} = {F:r.sku} and {F:r.return_id} = {$int 70000 79999}
--- user=housekeeping app=cron at="weekly sun 03:20" job=yes
DELETE FROM {!checkout.carts} WHERE customer_id IN (SELECT {F:o.customer_id} FROM {@checkout.orders o} WHERE {F:o.placed_at} > now() - interval '7 days') AND updated_at < now() - interval '14 days'
--- user=reporting app=delivery-report path=reporting,checkout,fulfilment at="daily 04:30" job=yes group=delivery
create temp table {!late_shipments} as
select {I:s.shipment_id}, {I:s.order_id}, {I:s.carrier}, {T:s.delivered_at>day=s.delivered_at}::date as day,
       extract(epoch from {T:s.delivered_at>hours_to_door} - {T:o.placed_at>hours_to_door}) / 3600 as hours_to_door
from {@shipments s} join {@orders o} on {J:o.order_id} = {J:s.order_id}
where {F:s.delivered_at} >= date '{$day-1}' and {F:s.delivered_at} < date '{$day}'
--- user=reporting app=delivery-report path=reporting,checkout,fulfilment job=yes group=delivery
insert into {!delivery_daily} (day, carrier, shipments, avg_hours)
select {IG:t.day>day}, {IG:t.carrier>carrier}, count(*), avg({A:t.hours_to_door>avg_hours}) from {@late_shipments t} group by t.day, t.carrier
--- user=reporting app="Redash" tool=redash query=12 queue=scheduled at="business 07:05"
SELECT {I|d|day}, {I|d|carrier}, {I|d|avg_hours} FROM {@reporting.delivery_daily d=reporting.delivery_daily} WHERE {F|d|day} > current_date - 30 ORDER BY {S|d|day}
--- user=reporting app="Redash" tool=redash query=57 queue=queries person=lena.fischer@modaloop.example at="weekly tue 10:15"
SELECT {IG:o.channel}, count(*) AS orders, sum({A:o.amount} - coalesce({A:o.discount}, 0)) AS net
FROM {@checkout.orders o}
WHERE {F:o.placed_at} >= '{$day-7}' AND {F:o.status} NOT IN ('cancelled', 'open')
GROUP BY o.channel
--- user=airflow_loader app="Airflow" at="daily 01:40"
COPY (SELECT {I|o|order_id}, {I|o|customer_id}, {I|o|placed_at}, {I|o|status}, {I|o|currency}, {I|o|amount}, {I|o|discount}, {I|o|voucher_code}, {I|o|payment_id}, {I|o|channel} FROM {@checkout.orders o=checkout.orders} WHERE {F|o|placed_at} >= '{$day-1}') TO STDOUT WITH (FORMAT csv)
--- user=airflow_loader app="Airflow" at="daily 01:45"
SELECT {*|s} FROM {@fulfilment.shipments s=fulfilment.shipments} WHERE {F|s|shipped_at} >= '{$day-1}'
--- user=airflow_loader app="Airflow" at="daily 01:50" cursor=yes
DECLARE "airflow_cursor" CURSOR FOR SELECT {I|p|payment_id}, {I|p|order_id}, {I|p|method}, {I|p|amount}, {I|p|state}, {I|p|captured_at} FROM {@checkout.payments p=checkout.payments} WHERE {F|p|captured_at} >= '{$day-1}'
--- user=dba app=psql at="once 2026-08-01 22:05" job=yes
CREATE TABLE {!public.orders_backup_20260801} AS SELECT {*|o} FROM {@checkout.orders o=checkout.orders}
--- user=dba app=psql at="once 2026-09-01 22:05" job=yes
CREATE TABLE {!public.orders_backup_20260901} AS TABLE {@checkout.orders o=checkout.orders}{*:o=}
--- user=lena_fischer app="DBeaver 24 - SQLEditor <Script-3.sql>" at="sporadic 14"
with late as (
  select {J:s.order_id}, {I:s.carrier}, {A:s.delivered_at} - {A:s.shipped_at} as on_the_road
  from {@fulfilment.shipments s}
  where {F:s.delivered_at} > now() - interval '{$int 7 30} days'
)
select late.carrier, {I:w.country}, percentile_cont(0.9) within group (order by on_the_road)
from late join {@checkout.orders o} on {J:o.order_id} = {J:s.order_id=late.order_id}
cross join {@fulfilment.warehouses w}
where {F:o.channel} = '{$pick web app store}'
group by {G:s.carrier=late.carrier}, {G:w.country}
--- user=lena_fischer app="DBeaver 24 - SQLEditor <Script-3.sql>" at="on 2026-08-19,2026-09-22 11:20" fails=42703 error="column \"gift_note\" does not exist"
select order_id, gift_note from checkout.orders where order_id = {$int 900000 999999}
--- user=jonas_weber app=psql at="on 2026-07-29,2026-10-06 16:42" fails=42501 error="permission denied for table payments"
select * from checkout.payments where order_id = {$int 900000 999999}
--- user=jonas_weber app=psql path=checkout,public at="sporadic 11"
select {IG:p.method}, {IG:p.state}, count(*), min({A:p.captured_at}) from {@payments p} group by 1, 2 order by 3 desc
--- user=svc_catalog_scanner app=scanner at="weekly sat 02:00" scan=postgres
SELECT count(*) FROM {scan}
