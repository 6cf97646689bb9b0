-- Uses of the warehouse (Snowflake): dashboards, workbooks, analysts, models, apps.

-- ---- ANALYTICS.MART.ORDERS_DAILY and friends: trading
--- user=SVC_LOOKER tool=looker looker=6 schema=MART at="2/business"
SELECT
    (TO_CHAR(TO_DATE({TGS|od|order_day=orders_daily."ORDER_DAY"} ), 'YYYY-MM-DD')) AS "orders_daily.order_date",
    {IG|od|country=orders_daily."COUNTRY"}  AS "orders_daily.country",
    COALESCE(SUM({A|od|revenue=orders_daily."REVENUE"} ), 0) AS "orders_daily.total_revenue"
FROM {@MART.ORDERS_DAILY od="ANALYTICS"."MART"."ORDERS_DAILY" AS orders_daily}
WHERE {F|od|channel=orders_daily."CHANNEL"} = '{$pick web app store}'
GROUP BY
    (TO_DATE(orders_daily."ORDER_DAY" )),
    2
ORDER BY
    1 DESC
FETCH NEXT 500 ROWS ONLY
--- user=SVC_LOOKER tool=looker looker=23 schema=MART at="business 06:50"
SELECT
    DATE_TRUNC('week', {TG|od|order_day=orders_daily."ORDER_DAY"}) AS "orders_daily.order_week",
    SUM({A|od|revenue=orders_daily."REVENUE"}) AS "orders_daily.revenue",
    SUM({A|od|orders=orders_daily."ORDERS"}) AS "orders_daily.orders"
FROM {@MART.ORDERS_DAILY od="ANALYTICS"."MART"."ORDERS_DAILY" AS orders_daily}
GROUP BY 1
LIMIT 5000
--- user=SVC_TABLEAU tool=tableau workbook=1b6f5c1e-0a5d-4c86-8f0f-7a5a6c9f2d01 dashboard=9c1e sheet=51aa at="3/day" schema=PUBLIC
SELECT "ORDERS_DAILY".{IG|d|"COUNTRY"} AS "COUNTRY",
  SUM("ORDERS_DAILY".{A|d|"REVENUE"}) AS "sum:REVENUE:ok",
  DATE_TRUNC('MONTH', "ORDERS_DAILY".{TG|d|"ORDER_DAY"}) AS "tmn:ORDER_DAY:ok"
FROM {@ANALYTICS.MART.ORDERS_DAILY d="ANALYTICS"."MART"."ORDERS_DAILY" "ORDERS_DAILY"}
WHERE ("ORDERS_DAILY".{F|d|"ORDER_DAY"} >= DATE '{$day-90}')
GROUP BY 1,
  3
--- user=SVC_TABLEAU tool=tableau workbook=1b6f5c1e-0a5d-4c86-8f0f-7a5a6c9f2d01 dashboard=9c1e sheet=52bb at="daily 07:20" schema=PUBLIC
SELECT "ORDERS_ENRICHED".{IG|e|"REGION"} AS "REGION", COUNT(DISTINCT "ORDERS_ENRICHED".{A|e|"CUSTOMER_ID"}) AS "ctd:CUSTOMER_ID:ok"
FROM {@ANALYTICS.MART.ORDERS_ENRICHED e="ANALYTICS"."MART"."ORDERS_ENRICHED" "ORDERS_ENRICHED"}
GROUP BY 1
--- user=SVC_METABASE tool=metabase dashboard=3 card=31 person=4 schema=MART at="2/day"
SELECT "ANALYTICS"."MART"."ORDERS"."STATUS" AS "STATUS", COUNT(*) AS "count"{IG|o|status=}
FROM {@ANALYTICS.MART.ORDERS o="ANALYTICS"."MART"."ORDERS"}
WHERE "ANALYTICS"."MART"."ORDERS".{F|o|"PLACED_AT"} >= DATE_TRUNC('day', DATEADD('day', -7, CURRENT_TIMESTAMP()))
GROUP BY "ANALYTICS"."MART"."ORDERS"."STATUS"
ORDER BY "ANALYTICS"."MART"."ORDERS".{S|o|"STATUS"} ASC
--- user=SVC_METABASE tool=metabase dashboard=3 card=32 person=4 schema=MART at="daily 08:10"
SELECT "source".{I|o|"ORDER_ID"} AS "ORDER_ID", "source".{I|o|"AMOUNT"} AS "AMOUNT", "source".{I|o|"PAYMENT_METHOD"} AS "PAYMENT_METHOD"
FROM (SELECT "ANALYTICS"."MART"."ORDERS"."ORDER_ID" AS "ORDER_ID", "ANALYTICS"."MART"."ORDERS"."AMOUNT" AS "AMOUNT", "ANALYTICS"."MART"."ORDERS"."PAYMENT_METHOD" AS "PAYMENT_METHOD" FROM {@ANALYTICS.MART.ORDERS o="ANALYTICS"."MART"."ORDERS"} WHERE "ANALYTICS"."MART"."ORDERS".{F|o|"STATUS"} = 'open') AS "source"
LIMIT 2000
--- user=SVC_METABASE tool=metabase dashboard=7 card=71 person=9 schema=MART at="2/day"
SELECT "ANALYTICS"."MART"."DELIVERY_KPI".{IG|k|"CARRIER"} AS "CARRIER", AVG("ANALYTICS"."MART"."DELIVERY_KPI".{A|k|"AVG_HOURS"}) AS "avg", SUM("ANALYTICS"."MART"."DELIVERY_KPI".{A|k|"SHIPMENTS"}) AS "sum"
FROM {@ANALYTICS.MART.DELIVERY_KPI k="ANALYTICS"."MART"."DELIVERY_KPI"}
WHERE "ANALYTICS"."MART"."DELIVERY_KPI".{F|k|"IS_SALE_PERIOD"} = TRUE
GROUP BY "ANALYTICS"."MART"."DELIVERY_KPI"."CARRIER"
--- user=SVC_METABASE tool=metabase dashboard=7 card=72 person=9 schema=MART at="daily 08:20"
select {I:k.ship_day}, {I:k.late_share} from {@mart.delivery_kpi k} where {F:k.carrier} = '{$pick DHL GLS UPS}' order by {S:k.ship_day}
--- user=SVC_LOOKER tool=looker looker=31 schema=MART at="weekly mon,thu 08:45"
SELECT {IG|k|carrier=delivery_kpi."CARRIER"} AS "delivery_kpi.carrier", AVG({AS|k|cost=delivery_kpi."COST"}) AS "delivery_kpi.average_cost"
FROM {@MART.DELIVERY_KPI k="MART"."DELIVERY_KPI" AS delivery_kpi}
WHERE {F|k|ship_day=delivery_kpi."SHIP_DAY"} >= '{$day-30}' GROUP BY 1 ORDER BY 2 DESC LIMIT 500
--- user=SVC_SIGMA tool=sigma workbook=Markdown-Cockpit-5Sd96Rf9VnZ2 person=ines.costa@modaloop.example schema=PUBLIC at="business 09:15"
with WITH_1 as (select {I|m|"SKU"}, {I|m|"CATEGORY"}, {I|m|"SUGGESTED_PRICE"}, {S|m|"UNITS_28D"} from {@ANALYTICS.PRICING.MARKDOWN_CANDIDATES m=ANALYTICS.PRICING.MARKDOWN_CANDIDATES} where {F|m|"MARGIN"} > 0) select "SKU", "CATEGORY", "SUGGESTED_PRICE" from WITH_1 Q1 order by "UNITS_28D" desc limit 1000
--- user=SVC_SIGMA tool=sigma workbook=Markdown-Cockpit-5Sd96Rf9VnZ2 person=ines.costa@modaloop.example schema=PUBLIC at="business 09:17"
select Q1.{IG|s|"CATEGORY"}, sum(Q1.{A|s|"UNITS"}) as SUM_3, sum(Q1.{A|s|"MARGIN"}) as SUM_4 from {@ANALYTICS.MART.SALES_BY_PRODUCT s=ANALYTICS.MART.SALES_BY_PRODUCT Q1} where Q1.{F|s|"ORDER_DAY"} >= to_date('{$day-28}') group by Q1."CATEGORY"
--- user=SVC_MODE tool=mode report=8f2c41d07a9e run=scheduled schema=MART at="weekly mon 07:00" email=mara.silva@modaloop.example
SELECT {IG:s.brand}, SUM({A:s.revenue}) AS revenue, SUM({A:s.units}) AS units,
       RANK() OVER (ORDER BY SUM({AW:s.revenue=s.revenue}) DESC) AS place
  FROM {@analytics.mart.sales_by_product s}
 WHERE {F:s.order_day} BETWEEN '{$day-7}' AND '{$day-1}'
 GROUP BY 1
--- user=MARA_SILVA schema=MART at="sporadic 26"
select {IG:p.CATEGORY}, {IG:p.SEASON}, count({A:p.SKU}) skus, avg({A:p.LIST_PRICE}) from {@PRODUCTS p} where {F:p.BRAND} ilike '{$pick loop moda basic}%' group by all
--- user=MARA_SILVA schema=MART at="sporadic 22"
select {I:l.SKU}, {I:l.QUANTITY}, {I:l.LINE_AMOUNT}, {I:o.CHANNEL}
from {@ORDER_LINES l} join {@ORDERS o} on {J:o.ORDER_ID} = {J:l.ORDER_ID}
where {F:l.LINE_NO} = 1 and {F:o.PLACED_AT}::date = '{$day-1}'
--- user=SVC_LOOKER tool=looker looker=44 schema=MART at="business 10:30"
SELECT {I|p|sku=products."SKU"} AS "products.sku", {I|p|title=products."TITLE"} AS "products.title", {I|p|margin=products."MARGIN"} AS "products.margin"
FROM {@MART.PRODUCTS p="ANALYTICS"."MART"."PRODUCTS" AS products}
WHERE {F|p|season=products."SEASON"} = '{$pick FS26 HW26}' AND {F|p|cost_price=products."COST_PRICE"} IS NOT NULL
LIMIT 500
--- user=SVC_STOREFRONT tool=sqlcommenter application=storefront route=/recommendations schema=MART at="3/day"
SELECT {I:p.SKU}, {I:p.TITLE}, {I:p.LIST_PRICE} FROM {@MART.PRODUCTS p} JOIN {@MART.SALES_BY_PRODUCT s} ON {J:s.SKU} = {J:p.SKU} WHERE {F:s.ORDER_DAY} = CURRENT_DATE - 1 ORDER BY {S:s.UNITS} DESC LIMIT 40
--- user=SVC_TABLEAU tool=tableau workbook=c2d97e44-3b1f-4f6a-9f4e-2f3a4b5c6d07 dashboard=aa01 sheet=aa02 via=comment at="daily 07:40" schema=PUBLIC
SELECT "STOCK_DAILY".{IG|k|"SNAPSHOT_DAY"} AS "SNAPSHOT_DAY", SUM("STOCK_DAILY".{A|k|"AVAILABLE"}) AS "sum:AVAILABLE:ok", SUM("STOCK_DAILY".{A|k|"RESERVED"}) AS "sum:RESERVED:ok"
FROM {@ANALYTICS.MART.STOCK_DAILY k="ANALYTICS"."MART"."STOCK_DAILY" "STOCK_DAILY"}
GROUP BY 1

-- ---- views over orders
--- user=SVC_METABASE tool=metabase card=18 person=12 schema=MART at="business 11:00"
SELECT {*|e} FROM {@MART.ORDERS_EU e=MART.ORDERS_EU} WHERE {F|e|PLACED_AT} >= '{$day-1}' LIMIT 2000
--- user=JULIA_MEYER schema=MART at="sporadic 30"
select {IG:e.COUNTRY}, median({A:e.NET_AMOUNT}) from {@ORDERS_EU e} where {F:e.STATUS} = 'paid' and {F:e.PLACED_AT} > dateadd('day', -{$int 3 40}, current_date) group by e.COUNTRY
--- user=JULIA_MEYER schema=MART at="on 2026-06-03,2026-09-10,2026-10-12 15:05" fails=000904 error="SQL compilation error: error line 1 at position 7\ninvalid identifier 'DISCOUNT_CODE'"
select DISCOUNT_CODE, count(*) from MART.ORDERS group by 1
--- user=JULIA_MEYER schema=MART at="sporadic 20"
select {I:o.ORDER_ID}, {I:o.VOUCHER_CODE}, {T:o.DISCOUNT} / nullif({T:o.AMOUNT}, 0) as share from {@ORDERS o} where {F:o.VOUCHER_CODE} is not null qualify row_number() over (partition by {W:o.VOUCHER_CODE} order by {W:o.PLACED_AT}) = 1
--- user=SVC_SIGMA tool=sigma workbook=Payment-Mix-2kQm1xTz person=paul.wagner@modaloop.example schema=MART at="weekly wed 10:00"
select {IG|o|"PAYMENT_METHOD"}, sum({A|o|"NET_AMOUNT"}) as "Net" from {@MART.ORDERS o=ANALYTICS.MART.ORDERS} where {F|o|"CURRENCY"} = 'EUR' group by 1

-- ---- fraud
--- user=SVC_METABASE tool=metabase dashboard=9 card=91 person=14 schema=FRAUD at="4/day"
SELECT {I|q|"ORDER_ID"}, {I|q|"SCORE"}, {I|q|"NET_AMOUNT"}, {I|q|"PAYMENT_METHOD"} FROM {@ANALYTICS.FRAUD.REVIEW_QUEUE q="ANALYTICS"."FRAUD"."REVIEW_QUEUE"} ORDER BY {S|q|"SCORE"} DESC LIMIT 200
--- user=AISHA_KHAN schema=FRAUD at="sporadic 40"
select {I:q.CUSTOMER_ID}, count(*) over (partition by {W:q.CUSTOMER_ID}) as n, {I:z.COUNTRY} from {@REVIEW_QUEUE q} join {@MART.CUSTOMERS z} on {J:z.CUSTOMER_ID} = {J:q.CUSTOMER_ID} where {F:q.SCORE} between 0.{$int 80 89} and 0.{$int 90 99}
--- user=AISHA_KHAN db=RAW schema=WEB at="weekly tue 14:00"
select {IG:w.DEVICE_ID}, count(distinct {A:w.CUSTOMER_ID}) from {@SESSIONS w} where {F:w.STARTED_AT} > dateadd(hour, -24, current_timestamp) group by 1 having count(distinct {F:w.CUSTOMER_ID}) > 4

-- ---- marketing
--- user=SVC_TABLEAU tool=tableau workbook=90ab12cd-77e1-4d0b-8a55-0c1d2e3f4a5b dashboard=b001 sheet=b002 at="daily 08:00" schema=PUBLIC
SELECT "CAMPAIGN_ROI".{IG|r|"CAMPAIGN_ID"} AS "CAMPAIGN_ID", SUM("CAMPAIGN_ROI".{A|r|"SPEND"}) AS "sum:SPEND:ok", SUM("CAMPAIGN_ROI".{A|r|"REVENUE"}) AS "sum:REVENUE:ok"
FROM {@ANALYTICS.MARKETING.CAMPAIGN_ROI r="ANALYTICS"."MARKETING"."CAMPAIGN_ROI" "CAMPAIGN_ROI"} GROUP BY 1
--- user=CLARA_DUBOIS schema=MARKETING at="weekly fri 10:10" role=ANALYST
select {I:r.CAMPAIGN_ID}, {I:r.MONTH}, {I:r.ROI} from {@CAMPAIGN_ROI r} where {F:r.ROI} < 1 order by {S:r.ROI}
--- user=CLARA_DUBOIS schema=MARKETING at="weekly wed 10:30" role=ANALYST
select {I:v.VOUCHER_CODE}, {I:v.ORDERS}, {I:v.DISCOUNT_TOTAL} from {@VOUCHER_USE v} where {F:v.MONTH} = date_trunc(month, current_date)
--- user=SVC_METABASE tool=metabase card=55 person=21 schema=MARKETING at="weekly tue 09:00"
select {IG:l.NETWORK}, sum({A:l.SPEND}) from {@MARKETING.SPEND_LEGACY l} group by l.NETWORK
--- user=SVC_REVERSE_ETL schema=MARKETING at="daily 06:00" role=REVERSE_ETL
SELECT {I|n|"CUSTOMER_ID"}, {I|n|"EMAIL"}, {I|n|"COUNTRY"}, {I|n|"SEGMENT"} FROM {@"ANALYTICS"."MARKETING"."NEWSLETTER_AUDIENCE" n="ANALYTICS"."MARKETING"."NEWSLETTER_AUDIENCE"}
--- user=SVC_LOOKER tool=looker looker=11 schema=MARKETING at="weekly thu 09:30"
SELECT {IG|a|touch=attribution."TOUCH"} AS "attribution.touch", SUM({A|a|revenue=attribution."REVENUE"} * {A|a|weight=attribution."WEIGHT"}) AS "attribution.weighted_revenue" FROM {@MARKETING.ATTRIBUTION a="MARKETING"."ATTRIBUTION" AS attribution} GROUP BY 1

-- ---- returns, supply, pricing
--- user=SVC_METABASE tool=metabase dashboard=15 card=151 person=17 schema=RETURNS at="daily 08:30"
SELECT {I|x|"REASON"}, {I|x|"OPEN_REFUNDS"}, {I|x|"OPEN_AMOUNT"} FROM {@ANALYTICS.RETURNS.REFUND_EXPOSURE x="ANALYTICS"."RETURNS"."REFUND_EXPOSURE"} WHERE {F|x|"DAY"} = CURRENT_DATE
--- user=SVC_MODE tool=mode report=b71c90e2d4f8 run=scheduled schema=RETURNS at="monthly 4 07:00" email=yuki.tanaka@modaloop.example
SELECT {I:r.category}, {I:r.return_rate}, {I:r.units_returned} FROM {@analytics.returns.return_rates r} WHERE {F:r.month} = DATE_TRUNC('month', DATEADD('month', -1, CURRENT_DATE))
--- user=YUKI_TANAKA schema=RETURNS at="sporadic 18"
select {IG:a.REASON}, count(*) n from {@ALL_REQUESTS a} where {F:a.SKU} like 'SKU-1{$int 0 9}%' group by 1 union select {IG:y.REASON}, count(*) from {@RAW.SHOP.RETURN_REQUESTS y} where {F:y.APPROVED} group by 1
--- user=PEDRO_ALVES schema=SUPPLY at="weekly mon 10:00"
select {I:z.SUPPLIER_ID}, {I:z.AVG_LEAD_DAYS}, {I:z.RETURN_RATE} from {@SUPPLIER_SCORECARD z} where {F:z.SKUS} > 10 order by {S:z.AVG_LEAD_DAYS} desc
--- user=SVC_PRICING schema=PRICING at="daily 05:45"
SELECT {I:h.SKU}, {I:h.DAY}, {I:h.LIST_PRICE}, {T:h.LIST_PRICE} - {T:h.PREVIOUS_PRICE} AS STEP, {I:m.SUGGESTED_PRICE} FROM {@PRICE_HISTORY h} LEFT JOIN {@MARKDOWN_CANDIDATES m} ON {J:m.SKU} = {J:h.SKU} WHERE {F:h.DAY} >= '{$day-60}'
--- user=INES_COSTA schema=PRICING at="sporadic 12"
select {I:m.SKU}, {I:m.AVAILABLE} from {@MARKDOWN_CANDIDATES m} where {F:m.CATEGORY} in ('{$pick coats knitwear shoes}', 'denim') and {F:m.AVAILABLE} > {$int 50 200}
--- user=PEDRO_ALVES db=RAW schema=SUPPLY at="sporadic 9"
select {I:f.SUPPLIER_ID}, {I:f.SKU}, {I:f.COST_PRICE} from {@SUPPLIER_FEED f} where {F:f.VALID_FROM} > '{$day-30}'
--- user=SVC_CRM_EXPORT db=RAW schema=CRM at="daily 04:00" until=2026-08-17 role=CRM
SELECT {I:c.CUSTOMER_ID}, {I:c.EMAIL}, {I:c.FAX_NUMBER} FROM {@CONTACTS c} WHERE {F:c.COUNTRY} = 'DE'
--- user=SVC_CRM_EXPORT db=RAW schema=CRM at="daily 04:00" from=2026-08-19 until=2026-09-02 role=CRM fails=000904 error="SQL compilation error: error line 1 at position 33\ninvalid identifier 'C.FAX_NUMBER'"
SELECT c.CUSTOMER_ID, c.EMAIL, c.FAX_NUMBER FROM CONTACTS c WHERE c.COUNTRY = 'DE'
--- user=SVC_CRM_EXPORT db=RAW schema=CRM at="daily 04:00" from=2026-09-03 role=CRM
SELECT {I:c.CUSTOMER_ID}, {I:c.EMAIL}, {I:c.FIRST_NAME} FROM {@CONTACTS c} WHERE {F:c.COUNTRY} = 'DE'

-- ---- a sale that is over: its dashboard was last opened in July
--- user=SVC_METABASE tool=metabase dashboard=22 card=221 person=4 schema=SANDBOX at="daily 09:40" from=2026-06-14 until=2026-07-12
SELECT {I:u.ORDER_DAY}, {I:u.COUNTRY}, {I:u.REVENUE} FROM {@SANDBOX.SUMMER_SALE_2026 u} ORDER BY {S:u.ORDER_DAY}

-- ---- ANALYTICS.SHARED.CUSTOMER_360: fourteen consumers, no owner
--- user=SVC_LOOKER tool=looker looker=6 schema=SHARED at="weekly mon,wed,fri 09:05"
SELECT {IG|z|segment=customer_360."SEGMENT"} AS "customer_360.segment", COUNT(*) AS "customer_360.count" FROM {@SHARED.CUSTOMER_360 z="SHARED"."CUSTOMER_360" AS customer_360} GROUP BY 1 ORDER BY 2 DESC LIMIT 500
--- user=SVC_LOOKER tool=looker looker=11 schema=SHARED at="business 09:50"
SELECT {IG|z|country=customer_360."COUNTRY"} AS "customer_360.country", AVG({A|z|lifetime_value=customer_360."LIFETIME_VALUE"}) AS "customer_360.average_value" FROM {@SHARED.CUSTOMER_360 z="SHARED"."CUSTOMER_360" AS customer_360} WHERE {F|z|orders=customer_360."ORDERS"} >= 2 GROUP BY 1
--- user=SVC_LOOKER tool=looker looker=23 schema=SHARED at="monthly 5 08:00"
SELECT SUM({A|z|lifetime_value=customer_360."LIFETIME_VALUE"}) AS "customer_360.value" FROM {@SHARED.CUSTOMER_360 z="SHARED"."CUSTOMER_360" AS customer_360}
--- user=SVC_METABASE tool=metabase dashboard=3 card=33 person=4 schema=SHARED at="daily 08:12"
SELECT "ANALYTICS"."SHARED"."CUSTOMER_360".{I|z|"EMAIL"} AS "EMAIL", "ANALYTICS"."SHARED"."CUSTOMER_360".{I|z|"LAST_ORDER_AT"} AS "LAST_ORDER_AT" FROM {@ANALYTICS.SHARED.CUSTOMER_360 z="ANALYTICS"."SHARED"."CUSTOMER_360"} WHERE "ANALYTICS"."SHARED"."CUSTOMER_360".{F|z|"CUSTOMER_ID"} = {$int 10000 99999} LIMIT 2000
--- user=SVC_METABASE tool=metabase dashboard=15 card=152 person=17 schema=SHARED at="daily 08:31"
SELECT {I|z|"CUSTOMER_ID"}, {I|z|"RETURNS"} FROM {@ANALYTICS.SHARED.CUSTOMER_360 z="ANALYTICS"."SHARED"."CUSTOMER_360"} WHERE {F|z|"RETURNS"} > 5 ORDER BY {S|z|"RETURNS"} DESC LIMIT 100
--- user=SVC_METABASE tool=metabase card=41 person=8 schema=SHARED at="weekly mon 11:30"
select {IG:z.COUNTRY}, sum({A:z.RETURNS}) from {@shared.customer_360 z} group by z.COUNTRY
--- user=SVC_TABLEAU tool=tableau workbook=90ab12cd-77e1-4d0b-8a55-0c1d2e3f4a5b dashboard=b001 sheet=b007 at="daily 08:02" schema=PUBLIC
SELECT "CUSTOMER_360".{IG|z|"SEGMENT"} AS "SEGMENT", SUM("CUSTOMER_360".{A|z|"LIFETIME_VALUE"}) AS "sum:LIFETIME_VALUE:ok" FROM {@ANALYTICS.SHARED.CUSTOMER_360 z="ANALYTICS"."SHARED"."CUSTOMER_360" "CUSTOMER_360"} GROUP BY 1
--- user=SVC_SIGMA tool=sigma workbook=Churn-Radar-7HdWq0aB person=noor.devries@modaloop.example schema=SHARED at="weekly tue,fri 13:00"
select {I|z|"CUSTOMER_ID"}, datediff('day', {T|z|"LAST_ORDER_AT"}, current_date) as "Days silent" from {@SHARED.CUSTOMER_360 z=ANALYTICS.SHARED.CUSTOMER_360} where {F|z|"LIFETIME_VALUE"} > 300
--- user=SVC_MODE tool=mode report=8f2c41d07a9e run=scheduled schema=SHARED at="weekly mon 07:02" email=mara.silva@modaloop.example
SELECT WIDTH_BUCKET({TG:z.lifetime_value}, 0, 5000, 10) AS bucket, COUNT(*) FROM {@analytics.shared.customer_360 z} GROUP BY 1
--- user=SVC_REVERSE_ETL schema=SHARED at="daily 06:10" role=REVERSE_ETL
SELECT {*|z} FROM {@"ANALYTICS"."SHARED"."CUSTOMER_360" z="ANALYTICS"."SHARED"."CUSTOMER_360"}
--- user=SVC_CHURN_MODEL schema=SHARED at="weekly sun 03:00" role=DATA_SCIENCE
select {I:z.CUSTOMER_ID}, {I:z.ORDERS}, {I:z.LIFETIME_VALUE}, {I:z.RETURNS}, {I:z.RISK_SCORE}, {I:z.LAST_ORDER_AT} from {@ANALYTICS.SHARED.CUSTOMER_360 z} sample (20)
--- user=CLARA_DUBOIS schema=SHARED at="sporadic 15" role=ANALYST
select count(*) from {@CUSTOMER_360 z} where {F:z.SEGMENT} = 'newsletter' and {F:z.COUNTRY} = '{$pick DE FR IT ES}'
--- user=NILS_BERG schema=SHARED at="weekly thu 15:20" role=ANALYST
select {IG:z.SEGMENT}, avg({A:z.ORDERS}) a, stddev({A:z.LIFETIME_VALUE}) s from {@CUSTOMER_360 z} group by z.SEGMENT
--- user=AISHA_KHAN schema=SHARED at="sporadic 21"
select {I:z.CUSTOMER_ID}, {I:z.EMAIL} from {@CUSTOMER_360 z} where {F:z.RISK_SCORE} > 0.9 order by {S:z.RISK_SCORE} desc

-- ---- the one statement that no parser reads
--- user=INES_COSTA schema=PRICING at="once 2026-10-07 14:44" broken=yes
SELECT SKU, CATEGORY FROM ANALYTICS.PRICING.MARKDOWN_CANDIDATES WHERE CATEGORY IN ('coats', 'knit
