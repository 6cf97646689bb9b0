-- Statements of the finance databases in the warehouse (Snowflake): month ends, quarters, audits.

--- user=SVC_DBT tool=dbt model=ledger_entries db=FINANCE schema=CLOSE at="monthly 1 04:10" job=yes
insert into {!FINANCE.CLOSE.LEDGER_ENTRIES} (ENTRY_ID, MONTH, ACCOUNT, COUNTRY, CURRENCY, AMOUNT, AMOUNT_EUR)
    select
        {I:o.ORDER_ID>ENTRY_ID},
        date_trunc('month', {T:o.PLACED_AT>MONTH}),
        case when {C:o.DISCOUNT} > 0 then '4010' else '4000' end,
        {I:c.COUNTRY>COUNTRY},
        {I:o.CURRENCY>CURRENCY},
        {I:o.NET_AMOUNT>AMOUNT},
        {T:o.NET_AMOUNT>AMOUNT_EUR} * {T:f.RATE>AMOUNT_EUR}
    from {@ANALYTICS.MART.ORDERS o}
    join {@ANALYTICS.MART.CUSTOMERS c} on {J:c.CUSTOMER_ID} = {J:o.CUSTOMER_ID}
    join {@FINANCE.CLOSE.FX_RATES f} on {J:f.CURRENCY} = {J:o.CURRENCY} and {J:f.MONTH} = date_trunc('month', {J:o.PLACED_AT})
    where {F:o.STATUS} = 'paid'
      and {F:o.PLACED_AT} >= '{$month-1}' and {F:o.PLACED_AT} < '{$month}'
--- user=SVC_DBT tool=dbt model=revenue_by_month db=FINANCE schema=CLOSE at="monthly 1 04:40" job=yes
create or replace transient table {!FINANCE.CLOSE.REVENUE_BY_MONTH} as (
    select {IG:e.MONTH>MONTH}, {IG:e.COUNTRY>COUNTRY}, sum({A:e.AMOUNT_EUR>REVENUE_EUR}) as REVENUE_EUR, count(*) as ENTRIES
    from {@FINANCE.CLOSE.LEDGER_ENTRIES e}
    where {F:e.ACCOUNT} like '40%'
    group by 1, 2
)
--- user=SVC_DBT tool=dbt model=revenue_by_region db=FINANCE schema=REPORTING at="monthly 1 04:50" job=yes
create or replace view {!FINANCE.REPORTING.REVENUE_BY_REGION} as (
    select {IG:m.MONTH>MONTH}, {IG:r.REGION>REGION}, sum({A:m.REVENUE_EUR>REVENUE_EUR}) as REVENUE_EUR
    from {@FINANCE.CLOSE.REVENUE_BY_MONTH m}
    left join {@ANALYTICS.REF.COUNTRIES r} on {J:r.COUNTRY} = {J:m.COUNTRY}
    group by 1, 2
)
--- user=SVC_DBT tool=dbt model=quarterly_pnl db=FINANCE schema=REPORTING at="quarterly 20 05:00" job=yes
create or replace transient table {!FINANCE.REPORTING.QUARTERLY_PNL} as (
    with revenue as (
        select {I:k.QUARTER}, {I:m.COUNTRY}, {A:m.REVENUE_EUR>REVENUE_EUR,PROFIT_EUR=m.REVENUE_EUR}
        from {@FINANCE.CLOSE.REVENUE_BY_MONTH m}
        join {@ANALYTICS.REF.CALENDAR k} on {J:k.DAY} = {J:m.MONTH}
    ), cost as (
        select {J:e.COUNTRY=e.COUNTRY}, {A:e.AMOUNT_EUR>COST_EUR,PROFIT_EUR=e.AMOUNT_EUR} as COST_EUR
        from {@FINANCE.CLOSE.LEDGER_ENTRIES e} where {F:e.ACCOUNT} like '6%'
    )
    select revenue.QUARTER, revenue.COUNTRY,
           sum(revenue.REVENUE_EUR) as REVENUE_EUR,
           sum(cost.COST_EUR) as COST_EUR,
           sum(revenue.REVENUE_EUR) - sum(cost.COST_EUR) as PROFIT_EUR
    from revenue left join cost on cost.COUNTRY = revenue.COUNTRY{J:e.COUNTRY=}{J:m.COUNTRY=}
    group by revenue.QUARTER, revenue.COUNTRY{G:k.QUARTER=}{G:m.COUNTRY=}
)
--- user=SVC_DBT tool=dbt model=vat_report db=FINANCE schema=REPORTING at="quarterly 20 05:20" job=yes
create or replace transient table {!FINANCE.REPORTING.VAT_REPORT} as (
    select {IG:p.QUARTER>QUARTER}, {IG:p.COUNTRY>COUNTRY}, sum({A:p.REVENUE_EUR>VAT_BASE_EUR}) as VAT_BASE_EUR, round(sum({A:p.REVENUE_EUR>VAT_EUR}) * 0.19, 2) as VAT_EUR
    from {@FINANCE.REPORTING.QUARTERLY_PNL p} group by p.QUARTER, p.COUNTRY
)
--- user=HELGA_BRANDT db=FINANCE schema=REPORTING at="quarterly 22 10:05" until=2026-10-10 role=CONTROLLER
SELECT {I|v|QUARTER}, {I|v|COUNTRY}, {I|v|VAT_BASE_EUR}, {I|v|VAT_EUR}
FROM {@VAT_REPORT v=VAT_REPORT}
WHERE {F|v|QUARTER} = '{$quarter-1}'
ORDER BY {S|v|COUNTRY}
--- user=HELGA_BRANDT db=FINANCE schema=REPORTING at="quarterly 22 10:20" until=2026-10-10 role=CONTROLLER
select {IG:q.QUARTER}, sum({A:q.PROFIT_EUR}) as PROFIT from {@QUARTERLY_PNL q} group by q.QUARTER order by q.QUARTER desc{S:q.QUARTER=} limit 8
--- user=SVC_TABLEAU tool=tableau workbook=6f0c1f2e-52a7-4a39-9b3e-1c5f4a7d2b10 dashboard=0d6c sheet=77aa db=FINANCE schema=REPORTING at="monthly 2 07:30"
SELECT "REVENUE_BY_REGION".{IG|r|"MONTH"} AS "MONTH", "REVENUE_BY_REGION".{IG|r|"REGION"} AS "REGION", SUM("REVENUE_BY_REGION".{A|r|"REVENUE_EUR"}) AS "sum:REVENUE_EUR:ok"
FROM {@FINANCE.REPORTING.REVENUE_BY_REGION r="FINANCE"."REPORTING"."REVENUE_BY_REGION" "REVENUE_BY_REGION"}
GROUP BY 1, 2
--- user=OMAR_HADDAD db=FINANCE schema=CLOSE at="monthly 3 09:15" role=CONTROLLER
select {I:e.ENTRY_ID}, {I:e.ACCOUNT}, {I:e.AMOUNT}, {I:e.AMOUNT_EUR} from {@LEDGER_ENTRIES e} where {F:e.MONTH} = '{$month-1}' and abs({F:e.AMOUNT_EUR}) > 10000
--- user=OMAR_HADDAD db=FINANCE schema=CLOSE at="monthend 15:40" role=CONTROLLER
select {I:m.COUNTRY}, {I:m.REVENUE_EUR}, {T:m.REVENUE_EUR} - lag({T:m.REVENUE_EUR}) over (partition by {W:m.COUNTRY} order by {W:m.MONTH}) as CHANGE from {@REVENUE_BY_MONTH m} where {F:m.MONTH} >= '{$month-2}'
--- user=SVC_AUDIT db=FINANCE schema=CLOSE at="on 2025-11-12,2026-02-11 06:00" role=AUDITOR
select {*|e} from {@LEDGER_ENTRIES e=LEDGER_ENTRIES} where {F|e|MONTH} >= '{$month-3}'
--- user=HELGA_BRANDT db=FINANCE schema=CLOSE at="on 2026-01-08 11:30" role=CONTROLLER fails=002003 error="SQL compilation error:\nObject 'FINANCE.CLOSE.CASH_POSITION' does not exist or not authorized."
select * from FINANCE.CLOSE.CASH_POSITION
