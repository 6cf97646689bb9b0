-- Jobs of the warehouse (Snowflake): loaders, dbt models, hand-made jobs. Uses stand in dashboards.sql.

--- user=SVC_LOADER at="daily 02:20" db=RAW schema=SUPPLY job=yes role=LOADER
COPY INTO {!RAW.SUPPLY.SUPPLIER_FEED} FROM {@s3://modaloop-archive:supplier-feed f='s3://modaloop-archive/supplier-feed/'} STORAGE_INTEGRATION = S3_ARCHIVE FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE
--- user=SVC_FIVETRAN at="daily 01:30" db=RAW schema=ADS job=yes role=LOADER
INSERT INTO {!"RAW"."ADS"."SPEND_FEED"} ("CAMPAIGN_ID", "SPEND_DAY", "NETWORK", "SPEND", "CLICKS") VALUES ({$int 100 140}, '{$day-1}', '{$pick search social affiliate}', {$int 20 900}, {$int 10 4000})

--- user=SVC_DBT tool=dbt model=stg_orders db=ANALYTICS schema=STAGING at="daily 03:00" job=yes
create or replace view {!ANALYTICS.STAGING.STG_ORDERS}
  as (
    select
        {I:o.order_id},
        {I:o.customer_id},
        {I:o.placed_at},
        lower({T:o.status>status}) as status,
        {I:o.currency},
        {I:o.amount},
        coalesce({T:o.discount>discount}, 0) as discount,
        {T:o.amount>net_amount} - coalesce({T:o.discount>net_amount}, 0) as net_amount,
        {I:o.payment_id},
        {I:o.channel},
        {I:o.voucher_code}
    from {@RAW.SHOP.ORDERS o}
  )
--- user=SVC_DBT tool=dbt model=stg_order_lines db=ANALYTICS schema=STAGING at="daily 03:00" job=yes
create or replace view {!ANALYTICS.STAGING.STG_ORDER_LINES}
  as (
    select {*|l} from {@RAW.SHOP.ORDER_LINES l=RAW.SHOP.ORDER_LINES}
  )
--- user=SVC_DBT tool=dbt model=stg_payments db=ANALYTICS schema=STAGING at="daily 03:01" job=yes
create or replace view {!ANALYTICS.STAGING.STG_PAYMENTS}
  as (
    select {I|p|payment_id}, {I|p|order_id}, {I|p|method}, {I|p|amount}, {I|p|state}
    from {@RAW.SHOP.PAYMENTS p=RAW.SHOP.PAYMENTS}
    qualify row_number() over (partition by {W|p|payment_id} order by {W|p|captured_at} desc) = 1
  )
--- user=SVC_DBT tool=dbt model=stg_customers db=ANALYTICS schema=STAGING at="daily 03:01" job=yes
create or replace view {!ANALYTICS.STAGING.STG_CUSTOMERS}
  as (
    select {I:c.customer_id}, lower(trim({T:c.email>email})) as email, {I:c.country}, {I:c.birth_year}, {I:c.newsletter_opt_in}, {I:c.signed_up_at}
    from {@RAW.CRM.CONTACTS c}
  )
--- user=SVC_DBT tool=dbt model=stg_products db=ANALYTICS schema=STAGING at="daily 03:01" job=yes
create or replace view {!ANALYTICS.STAGING.STG_PRODUCTS}
  as (
    with source as (
        select {*|p} from {@RAW.PIM.PRODUCTS p=RAW.PIM.PRODUCTS}
    )
    select sku, title, brand, category, season, list_price, supplier_id from source{I:p.sku=}{I:p.title=}{I:p.brand=}{I:p.category=}{I:p.season=}{I:p.list_price=}{I:p.supplier_id=}
  )
--- user=SVC_DBT tool=dbt model=all_requests db=ANALYTICS schema=RETURNS at="daily 03:02" job=yes
create or replace view {!ANALYTICS.RETURNS.ALL_REQUESTS}
  as (
    select {*|r} from {@RAW.SHOP.RETURN_REQUESTS r=RAW.SHOP.RETURN_REQUESTS}
  )

--- user=SVC_DBT tool=dbt model=orders db=ANALYTICS schema=MART at="daily 03:10" job=yes group=orders
create or replace  temporary view {!ANALYTICS.MART.ORDERS__dbt_tmp}
  as (
    select
        {I:o.order_id}, {I:o.customer_id}, {I:o.placed_at}, {I:o.status}, {I:o.currency},
        {I:o.amount}, {I:o.discount}, {I:o.net_amount},
        {I:p.method>payment_method} as payment_method,
        {I:o.channel}, {I:o.voucher_code}
    from {@ANALYTICS.STAGING.STG_ORDERS o}
    left join {@ANALYTICS.STAGING.STG_PAYMENTS p} on {J:p.payment_id} = {J:o.payment_id}
    where {F:o.placed_at} >= dateadd(day, -3, current_date)
  )
--- user=SVC_DBT tool=dbt model=orders db=ANALYTICS schema=MART job=yes group=orders externalquery=yes
merge into {!ANALYTICS.MART.ORDERS DBT_INTERNAL_DEST=ANALYTICS.MART.ORDERS as DBT_INTERNAL_DEST}
    using {@ANALYTICS.MART.ORDERS__dbt_tmp DBT_INTERNAL_SOURCE=ANALYTICS.MART.ORDERS__dbt_tmp as DBT_INTERNAL_SOURCE}
    on ({J:DBT_INTERNAL_SOURCE.order_id} = {J:DBT_INTERNAL_DEST.order_id})
when matched then update set
    "STATUS" = {I:DBT_INTERNAL_SOURCE."STATUS"}, "AMOUNT" = {I:DBT_INTERNAL_SOURCE."AMOUNT"}, "DISCOUNT" = {I:DBT_INTERNAL_SOURCE."DISCOUNT"}, "NET_AMOUNT" = {I:DBT_INTERNAL_SOURCE."NET_AMOUNT"}, "PAYMENT_METHOD" = {I:DBT_INTERNAL_SOURCE."PAYMENT_METHOD"}
when not matched then insert
    ("ORDER_ID", "CUSTOMER_ID", "PLACED_AT", "STATUS", "CURRENCY", "AMOUNT", "DISCOUNT", "NET_AMOUNT", "PAYMENT_METHOD", "CHANNEL", "VOUCHER_CODE")
values
    ({I|DBT_INTERNAL_SOURCE|"ORDER_ID"}, {I|DBT_INTERNAL_SOURCE|"CUSTOMER_ID"}, {I|DBT_INTERNAL_SOURCE|"PLACED_AT"}, "STATUS", {I|DBT_INTERNAL_SOURCE|"CURRENCY"}, "AMOUNT", "DISCOUNT", "NET_AMOUNT", "PAYMENT_METHOD", {I|DBT_INTERNAL_SOURCE|"CHANNEL"}, {I|DBT_INTERNAL_SOURCE|"VOUCHER_CODE"})
--- user=SVC_DBT tool=dbt model=order_lines db=ANALYTICS schema=MART at="daily 03:14" job=yes
create or replace transient table {!ANALYTICS.MART.ORDER_LINES}
  as (
    select {I:l.order_id}, {I:l.line_no}, {I:l.sku}, {I:l.quantity}, {I:l.unit_price}, {I:l.discount},
           {T:l.quantity>line_amount} * {T:l.unit_price>line_amount} - coalesce({T:l.discount>line_amount}, 0) as line_amount
    from {@ANALYTICS.STAGING.STG_ORDER_LINES l}
  )
--- user=SVC_DBT tool=dbt model=customers db=ANALYTICS schema=MART at="daily 03:20" job=yes externalquery=yes
create or replace transient table {!ANALYTICS.MART.CUSTOMERS}
  as (
    with history as (
        select {G:o.customer_id=o.customer_id}, min({A:o.placed_at>first_order_at}) as first_order_at, max({A:o.placed_at>last_order_at}) as last_order_at,
               count(*) as orders, sum({A:o.net_amount>lifetime_value}) as lifetime_value
        from {@ANALYTICS.MART.ORDERS o}
        where {F:o.status} <> 'cancelled'
        group by 1
    )
    select {I:c.customer_id}, {I:c.email}, {I:c.country}, {I:c.birth_year}, {I:c.newsletter_opt_in},
           h.first_order_at, h.last_order_at, coalesce(h.orders, 0) as orders, coalesce(h.lifetime_value, 0) as lifetime_value
    from {@ANALYTICS.STAGING.STG_CUSTOMERS c}
    left join history h on h.customer_id = {J:c.customer_id}{J:o.customer_id=}
  )
--- user=SVC_DBT tool=dbt model=products db=ANALYTICS schema=MART at="daily 03:20" job=yes
create or replace transient table {!ANALYTICS.MART.PRODUCTS}
  as (
    select {I:p.sku}, {I:p.title}, {I:p.brand}, {I:p.category}, {I:p.season}, {I:p.list_price}, {I:f.cost_price},
           {T:p.list_price>margin} - {T:f.cost_price>margin} as margin
    from {@ANALYTICS.STAGING.STG_PRODUCTS p}
    left join {@RAW.SUPPLY.SUPPLIER_FEED f} on {J:f.sku} = {J:p.sku} and {J:f.supplier_id} = {J:p.supplier_id}
  )
--- user=SVC_DBT tool=dbt model=orders_daily db=ANALYTICS schema=MART at="daily 03:30" job=yes externalquery=yes
create or replace transient table {!ANALYTICS.MART.ORDERS_DAILY}
  as (
    select
        date_trunc('day', {TG:o.placed_at>order_day}) as order_day,
        {IG:c.country},
        {IG:o.channel},
        count(distinct {A:o.order_id>orders}) as orders,
        sum({A:o.net_amount>revenue}) as revenue,
        sum({A:o.discount>discount_total}) as discount_total
    from {@ANALYTICS.MART.ORDERS o}
    join {@ANALYTICS.MART.CUSTOMERS c} on {J:c.customer_id} = {J:o.customer_id}
    where {F:o.status} <> 'cancelled'
    group by 1, 2, 3
  )
--- user=SVC_DBT tool=dbt model=sales_by_product db=ANALYTICS schema=MART at="daily 03:34" job=yes externalquery=yes
create or replace transient table {!ANALYTICS.MART.SALES_BY_PRODUCT}
  as (
    select to_date({TG:o.placed_at>order_day}) as order_day, {IG:l.sku}, {IG:p.category}, {IG:p.brand},
           sum({A:l.quantity>units}) as units, sum({A:l.line_amount>revenue}) as revenue, sum({A:p.margin>margin} * {A:l.quantity>margin}) as margin
    from {@ANALYTICS.MART.ORDER_LINES l}
    inner join {@ANALYTICS.MART.ORDERS o} on {J:o.order_id} = {J:l.order_id}
    inner join {@ANALYTICS.MART.PRODUCTS p} on {J:p.sku} = {J:l.sku}
    group by 1, 2, 3, 4
  )
--- user=SVC_DBT tool=dbt model=stock_daily db=ANALYTICS schema=MART at="daily 03:25" job=yes
insert into {!ANALYTICS.MART.STOCK_DAILY}
    select current_date, {IG:s.sku>sku}, sum({A:s.on_hand>on_hand}), sum({A:s.reserved>reserved}), sum({A:s.on_hand>available} - {A:s.reserved>available})
    from {@RAW.SHOP.STOCK_LEVELS s} group by s.sku
--- user=SVC_DBT tool=dbt model=delivery_kpi db=ANALYTICS schema=MART at="daily 03:40" job=yes
create or replace transient table {!ANALYTICS.MART.DELIVERY_KPI}
  as (
    select to_date({TG:s.shipped_at>ship_day}) as ship_day, {IG:s.carrier}, count(*) as shipments,
           avg(datediff(hour, {A:s.shipped_at>avg_hours}, {A:s.delivered_at>avg_hours})) as avg_hours,
           avg(iff(datediff(hour, {C:s.shipped_at}, {C:s.delivered_at}) > 72, 1, 0)) as late_share,
           sum({A:s.cost>cost}) as cost,
           {IG:k.is_sale_period}
    from {@RAW.SHOP.SHIPMENTS s}
    join {@ANALYTICS.REF.CALENDAR k} on {J:k.day} = to_date({J:s.shipped_at})
    group by 1, 2, 7
  )
--- user=SVC_DBT tool=dbt model=orders_enriched db=ANALYTICS schema=MART at="daily 03:45" job=yes
create or replace view {!ANALYTICS.MART.ORDERS_ENRICHED}
  as (
    select {I:o.order_id}, {I:o.placed_at}, {I:o.status}, {I:o.net_amount}, {I:o.payment_method}, {I:o.customer_id}, {I:c.country}, {I:r.region}
    from {@ANALYTICS.MART.ORDERS o}
    join {@ANALYTICS.MART.CUSTOMERS c} on {J:c.customer_id} = {J:o.customer_id}
    left join {@ANALYTICS.REF.COUNTRIES r} on {J:r.country} = {J:c.country}
  )
--- user=SVC_DBT tool=dbt model=orders_eu db=ANALYTICS schema=MART at="daily 03:46" job=yes
create or replace view {!ANALYTICS.MART.ORDERS_EU}
  as (
    select {*|e} from {@ANALYTICS.MART.ORDERS_ENRICHED e=ANALYTICS.MART.ORDERS_ENRICHED} where {F|e|region} = 'EU'
  )

--- user=SVC_ADS at="daily 04:05" db=ANALYTICS schema=MARKETING job=yes role=MARKETING_ETL
MERGE INTO {!CAMPAIGN_COSTS t=CAMPAIGN_COSTS t}
USING (
  SELECT {IG:f.CAMPAIGN_ID>CAMPAIGN_ID}, {IG:f.SPEND_DAY>SPEND_DAY}, {IG:f.NETWORK>NETWORK}, SUM({A:f.SPEND>SPEND}) AS SPEND, SUM({A:f.CLICKS>CLICKS}) AS CLICKS
  FROM {@RAW.ADS.SPEND_FEED f}
  WHERE {F:f.SPEND_DAY} >= DATEADD(day, -7, CURRENT_DATE)
  GROUP BY 1, 2, 3
) s ON {J:t.CAMPAIGN_ID} = {J:f.CAMPAIGN_ID=s.CAMPAIGN_ID} AND {J:t.SPEND_DAY} = {J:f.SPEND_DAY=s.SPEND_DAY} AND {J:t.NETWORK} = {J:f.NETWORK=s.NETWORK}
WHEN MATCHED THEN UPDATE SET t.SPEND = s.SPEND, t.CLICKS = s.CLICKS, t.LOADED_AT = CURRENT_TIMESTAMP
WHEN NOT MATCHED THEN INSERT (CAMPAIGN_ID, SPEND_DAY, NETWORK, SPEND, CLICKS, LOADED_AT)
  VALUES (s.CAMPAIGN_ID, s.SPEND_DAY, s.NETWORK, s.SPEND, s.CLICKS, CURRENT_TIMESTAMP)
--- user=SVC_DBT tool=dbt model=attribution db=ANALYTICS schema=MARKETING at="daily 04:10" job=yes
create or replace transient table {!ANALYTICS.MARKETING.ATTRIBUTION}
  as (
    with touches as (
        select {I:o.order_id}, {A:o.net_amount>revenue,weight=o.net_amount}, {I:k.campaign_id}, {I:k.network>touch=k.network} as touch,
               row_number() over (partition by {W:o.order_id} order by {W:k.spend_day} desc) as nth
        from {@ANALYTICS.MART.ORDERS o}
        join {@ANALYTICS.MARKETING.CAMPAIGN_COSTS k} on {J:k.spend_day} = to_date({J:o.placed_at})
        where {F:o.voucher_code} is not null
    )
    select order_id, campaign_id, touch, net_amount / nullif(sum(net_amount) over (partition by campaign_id), 0) as weight, sum(net_amount) over (partition by campaign_id) as revenue
    from touches{W:k.campaign_id=} where nth <= 3
  )
--- user=SVC_DBT tool=dbt model=campaign_roi db=ANALYTICS schema=MARKETING at="daily 04:20" job=yes
create or replace transient table {!ANALYTICS.MARKETING.CAMPAIGN_ROI}
  as (
    select {IG:k.campaign_id}, date_trunc('month', {TG:k.spend_day>month}) as month, sum({A:k.spend>spend}) as spend, sum({A:a.revenue>revenue}) as revenue,
           div0(sum({A:a.revenue>roi}), sum({A:k.spend>roi})) as roi
    from {@ANALYTICS.MARKETING.CAMPAIGN_COSTS k}
    left join {@ANALYTICS.MARKETING.ATTRIBUTION a} on {J:a.campaign_id} = {J:k.campaign_id}
    group by 1, 2
  )
--- user=SVC_DBT tool=dbt model=segments db=ANALYTICS schema=MARKETING at="weekly sun 04:30" job=yes
create or replace transient table {!ANALYTICS.MARKETING.SEGMENTS}
  as (
    select {I:c.customer_id}, ntile(10) over (order by {W:c.lifetime_value} desc)::varchar as segment, {I:c.lifetime_value}, current_timestamp as refreshed_at
    from {@ANALYTICS.MART.CUSTOMERS c}
    where {F:c.orders} > 0
  )
--- user=CLARA_DUBOIS db=ANALYTICS schema=MARKETING at="weekly mon 09:20" job=yes role=ANALYST
UPDATE {!SEGMENTS s=SEGMENTS s} SET SEGMENT = 'newsletter', LIFETIME_VALUE = {I:c.LIFETIME_VALUE>LIFETIME_VALUE}
FROM {@ANALYTICS.MART.CUSTOMERS c} WHERE {F:c.CUSTOMER_ID} = {F:s.CUSTOMER_ID} AND {F:c.NEWSLETTER_OPT_IN} AND {F:c.ORDERS} = 1
--- user=SVC_GROWTH db=ANALYTICS schema=MARKETING at="daily 04:50" job=yes role=MARKETING_ETL
CREATE OR REPLACE TABLE {!NEWSLETTER_AUDIENCE} AS
SELECT {I:c.CUSTOMER_ID}, {I:c.EMAIL}, {I:c.COUNTRY}, {I:s.SEGMENT}
FROM {@MART.CUSTOMERS c} JOIN {@MARKETING.SEGMENTS s} USING ({J:c|CUSTOMER_ID}{J:s.CUSTOMER_ID=})
WHERE {F:c.NEWSLETTER_OPT_IN}
--- user=SVC_DBT tool=dbt model=voucher_use db=ANALYTICS schema=MARKETING at="daily 04:25" job=yes
create or replace transient table {!ANALYTICS.MARKETING.VOUCHER_USE}
  as (
    select {IG:o.voucher_code}, date_trunc('month', {TG:o.placed_at>month}) as month, count(*) as orders, sum({A:o.discount>discount_total}) as discount_total
    from {@ANALYTICS.MART.ORDERS o} where {F:o.voucher_code} is not null group by 1, 2
  )
--- user=SVC_ADS db=ANALYTICS schema=MARKETING at="weekly mon 04:40" until=2026-07-20 job=yes role=MARKETING_ETL
INSERT INTO {!ANALYTICS.MARKETING.SPEND_LEGACY}
SELECT DATE_TRUNC('month', {TG:f.SPEND_DAY>MONTH}), {IG:f.NETWORK>NETWORK}, SUM({A:f.SPEND>SPEND}) FROM {@RAW.ADS.SPEND_FEED f} GROUP BY 1, 2

--- user=SVC_DBT tool=dbt model=price_history db=ANALYTICS schema=PRICING at="daily 04:00" job=yes
insert into {!ANALYTICS.PRICING.PRICE_HISTORY} ("SKU", "DAY", "LIST_PRICE", "PREVIOUS_PRICE")
    select {I:p.sku}, current_date, {I:p.list_price}, lag({T:p.list_price>previous_price}) over (partition by {W:p.sku} order by {W:p.season})
    from {@ANALYTICS.MART.PRODUCTS p}
--- user=SVC_DBT tool=dbt model=markdown_candidates db=ANALYTICS schema=PRICING at="daily 04:15" job=yes externalquery=yes
create or replace transient table {!ANALYTICS.PRICING.MARKDOWN_CANDIDATES}
  as (
    with sold as (
        select {G:s.sku=s.sku}, sum({A:s.units>units_28d}) as units_28d from {@ANALYTICS.MART.SALES_BY_PRODUCT s}
        where {F:s.order_day} >= dateadd(day, -28, current_date) group by 1
    ), stock as (
        select {J:k.sku=k.sku}, {I:k.available} from {@ANALYTICS.MART.STOCK_DAILY k} where {F:k.snapshot_day} = current_date
    )
    select {I:p.sku}, {I:p.category}, stock.available, sold.units_28d, {I:p.margin},
           case when sold.units_28d < 5{C:s.units=} then {T:p.list_price>suggested_price} * 0.7 else {T:p.list_price>suggested_price} end as suggested_price
    from {@ANALYTICS.MART.PRODUCTS p}
    join stock on stock.sku = {J:p.sku}{J:k.sku=}
    left join sold on sold.sku = {J:p.sku}{J:s.sku=}
  )
--- user=SVC_DBT tool=dbt model=return_rates db=ANALYTICS schema=RETURNS at="daily 04:35" job=yes
create or replace transient table {!ANALYTICS.RETURNS.RETURN_RATES}
  as (
    with sold as (
        select date_trunc('month', {TG:s.order_day>month}) as month, {IG:s.category}, sum({A:s.units>units_sold,return_rate}) as units
        from {@ANALYTICS.MART.SALES_BY_PRODUCT s} group by 1, 2
    ), returned as (
        select date_trunc('month', {G:r.requested_at=r.requested_at}) as month, {G:p.category}, count({A:r.return_id>units_returned,return_rate}) as units
        from {@ANALYTICS.RETURNS.ALL_REQUESTS r} join {@ANALYTICS.MART.PRODUCTS p} on {J:p.sku} = {J:r.sku}
        where {F:r.approved} group by 1, 2
    )
    select sold.month, sold.category, sold.units as units_sold, returned.units as units_returned, returned.units / nullif(sold.units, 0) as return_rate
    from sold left join returned on returned.month = sold.month and returned.category = sold.category{J:s.order_day=}{J:r.requested_at=}{J:s.category=}{J:p.category=}
  )
--- user=SVC_DBT tool=dbt model=refund_exposure db=ANALYTICS schema=RETURNS at="daily 04:36" job=yes
create or replace transient table {!ANALYTICS.RETURNS.REFUND_EXPOSURE}
  as (
    select to_date({TG:r.requested_at>day}) as day, {IG:r.reason}, count(*) as open_refunds, sum({A:r.refund_amount>open_amount}) as open_amount
    from {@ANALYTICS.RETURNS.ALL_REQUESTS r} where not {F:r.approved} group by 1, 2
  )
--- user=SVC_DBT tool=dbt model=review_queue db=ANALYTICS schema=FRAUD at="daily 06:40" job=yes
create or replace transient table {!ANALYTICS.FRAUD.REVIEW_QUEUE}
  as (
    select {I:f.order_id}, {I:f.customer_id}, {I:f.score}, {I:o.net_amount}, {I:o.payment_method}
    from {@RAW.FRAUD.SCORES f} join {@ANALYTICS.MART.ORDERS o} on {J:o.order_id} = {J:f.order_id}
    where {F:f.score} > 0.8 and {F:o.payment_method} in ('card', 'invoice')
    union all
    select {I:x.order_id}, {I:x.customer_id}, 1.0, {I:x.net_amount}, {I:x.payment_method}
    from {@ANALYTICS.MART.ORDERS x} where {F:x.net_amount} > 2500
  )
--- user=SVC_DBT tool=dbt model=supplier_scorecard db=ANALYTICS schema=SUPPLY at="weekly mon 05:00" job=yes
create or replace transient table {!ANALYTICS.SUPPLY.SUPPLIER_SCORECARD}
  as (
    select {IG:f.supplier_id}, count(distinct {A:f.sku>skus}) as skus, avg({A:f.lead_days>avg_lead_days}) as avg_lead_days, avg({A:r.return_rate>return_rate}) as return_rate
    from {@RAW.SUPPLY.SUPPLIER_FEED f}
    join {@ANALYTICS.MART.PRODUCTS p} on {J:p.sku} = {J:f.sku}
    left join {@ANALYTICS.RETURNS.RETURN_RATES r} on {J:r.category} = {J:p.category}
    group by 1
  )

--- user=SVC_REORDER db=ANALYTICS schema=SUPPLY at="daily 05:10" job=yes role=SUPPLY_ETL
create or replace table {!REORDER_PLAN} as select {I:d.SKU}, {T:d.WEEKLY_UNITS>REORDER_UNITS} * 4 as REORDER_UNITS, current_date as PLANNED_ON from {@DEMAND_GUESS d}
--- user=SVC_REORDER db=ANALYTICS schema=SUPPLY at="daily 05:15" job=yes role=SUPPLY_ETL
insert into {!REORDER_HISTORY} select {*:p} from {@REORDER_PLAN p}
--- user=SVC_REORDER db=ANALYTICS schema=SUPPLY at="daily 05:20" job=yes role=SUPPLY_ETL
create or replace table {!DEMAND_GUESS} as select {IG:h.SKU>SKU}, avg({A:h.REORDER_UNITS>WEEKLY_UNITS}) / 4 as WEEKLY_UNITS, max({A:h.PLANNED_ON>GUESSED_ON}) as GUESSED_ON from {@REORDER_HISTORY h} group by h.SKU

--- user=SVC_DBT tool=dbt model=customer_360 db=ANALYTICS schema=SHARED at="daily 05:30" job=yes
create or replace transient table {!ANALYTICS.SHARED.CUSTOMER_360}
  as (
    with returned as (
        select {G:o.customer_id=o.customer_id}, count({A:r.return_id>returns}) as returns
        from {@ANALYTICS.RETURNS.ALL_REQUESTS r} join {@ANALYTICS.MART.ORDERS o} on {J:o.order_id} = {J:r.order_id} group by 1
    ), risk as (
        select {G:f.customer_id=f.customer_id}, max({A:f.score>risk_score}) as risk_score from {@RAW.FRAUD.SCORES f} group by 1
    )
    select {I:c.customer_id}, {I:c.email}, {I:c.country}, {I:s.segment}, {I:c.orders}, {I:c.lifetime_value}, {I:c.last_order_at}, returned.returns, risk.risk_score
    from {@ANALYTICS.MART.CUSTOMERS c}
    left join {@ANALYTICS.MARKETING.SEGMENTS s} on {J:s.customer_id} = {J:c.customer_id}
    left join returned on returned.customer_id = c.customer_id{J:o.customer_id=}
    left join risk on risk.customer_id = c.customer_id{J:f.customer_id=}
  )

--- user=NILS_BERG db=ANALYTICS schema=SANDBOX at="weekly mon 08:00" job=yes role=ANALYST
create or replace table {!COHORT_BASE} as
select {I:c.CUSTOMER_ID}, date_trunc(month, {T:c.FIRST_ORDER_AT>COHORT_MONTH}) COHORT_MONTH, {I:c.COUNTRY} from {@MART.CUSTOMERS c}
--- user=NILS_BERG db=ANALYTICS schema=SANDBOX at="weekly mon 08:10" job=yes role=ANALYST
create or replace table {!COHORT_WEEKLY} as
select {IG:b.COHORT_MONTH}, weekofyear({TG:o.PLACED_AT>WEEK}) WEEK, count(distinct {A:b.CUSTOMER_ID>CUSTOMERS}) CUSTOMERS, sum({A:o.NET_AMOUNT>REVENUE}) REVENUE
from {@COHORT_BASE b} join {@MART.ORDERS o} on {J:o.CUSTOMER_ID} = {J:b.CUSTOMER_ID} group by 1, 2
--- user=NILS_BERG db=ANALYTICS schema=SANDBOX at="weekly mon 08:20" job=yes role=ANALYST
create or replace table {!COHORT_CURVES} as
select {I:w.COHORT_MONTH}, {I:w.WEEK}, {T:w.REVENUE>REVENUE_PER_CUSTOMER} / nullif({T:w.CUSTOMERS>REVENUE_PER_CUSTOMER}, 0) REVENUE_PER_CUSTOMER from {@COHORT_WEEKLY w}
--- user=NILS_BERG db=ANALYTICS schema=SANDBOX at="once 2026-09-15 18:30" job=yes role=ANALYST
CREATE TABLE {!ANALYTICS.SANDBOX.ORDERS_BACKUP_20260915} AS SELECT {*|o} FROM {@ANALYTICS.MART.ORDERS o=ANALYTICS.MART.ORDERS}
--- user=SVC_DBT tool=dbt model=summer_sale_2026 db=ANALYTICS schema=SANDBOX at="daily 05:00" from=2026-05-10 until=2026-10-31 job=yes
create or replace transient table {!ANALYTICS.SANDBOX.SUMMER_SALE_2026}
  as (
    select {I:d.order_day}, {I:d.country}, {I:d.revenue} from {@ANALYTICS.MART.ORDERS_DAILY d}
    where {F:d.order_day} between '2026-06-15' and '2026-07-31'
  )

--- user=DBA_ADMIN db=RAW schema=CRM at="once 2026-08-18 11:02" ddl=yes job=yes role=SYSADMIN drops=RAW.CRM.CONTACTS
alter table RAW.CRM.CONTACTS drop column FAX_NUMBER
--- user=SVC_DBT tool=dbt test=not_null_orders_order_id db=ANALYTICS schema=MART at="daily 03:12" machine=yes
select count(*) as failures, count(*) != 0 as should_warn, count(*) != 0 as should_error
    from (
      select order_id from {@ANALYTICS.MART.ORDERS o=ANALYTICS.MART.ORDERS} where order_id is null
    ) dbt_internal_test
--- user=SVC_DBT tool=dbt test=unique_customers_customer_id db=ANALYTICS schema=MART at="daily 03:22" machine=yes
select count(*) as failures, count(*) != 0 as should_warn, count(*) != 0 as should_error
    from (
      select customer_id as unique_field, count(*) as n_records from {@ANALYTICS.MART.CUSTOMERS c=ANALYTICS.MART.CUSTOMERS} where customer_id is not null group by customer_id having count(*) > 1
    ) dbt_internal_test
--- user=SVC_CATALOG_SCANNER db=ANALYTICS schema=PUBLIC at="weekly sat 01:00" scan=warehouse role=METADATA
SELECT COUNT(*) FROM {scan}
