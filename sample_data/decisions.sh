# What the people of Modaloop have decided: run it in the folder above this one, on a store that
# holds the logs (`lineage demo` does). Each line is a command, with who acts, since when, and why.

lineage contract import sample_data/contracts/orders.yaml --by JULIA_MEYER --reason "what others may rely on"
lineage support MART.ORDERS_DAILY supported --by JULIA_MEYER --since 2026-09-01 --reason "part of the product orders"
lineage support MARKETING.SPEND_LEGACY declined --until 2026-12-31 --by CLARA_DUBOIS --since 2026-08-15 --reason "replaced by CAMPAIGN_COSTS"

# The cohort analysis ended with the summer: proposed to go, then announced for the middle of October.
lineage deprecate SANDBOX.COHORT_CURVES --to proposed --since 2026-09-01 --by NILS_BERG --reason "the cohort analysis is over"
lineage deprecate SANDBOX.COHORT_WEEKLY --to proposed --since 2026-09-01 --by NILS_BERG --reason "the cohort analysis is over"
lineage deprecate SANDBOX.COHORT_BASE --to proposed --since 2026-09-01 --by NILS_BERG --reason "the cohort analysis is over"
lineage deprecate SANDBOX.COHORT_CURVES --to tombstoned --date 2026-10-15 --since 2026-09-15 --by NILS_BERG --reason "the cohort analysis is over"
lineage deprecate SANDBOX.COHORT_WEEKLY --to tombstoned --date 2026-10-15 --since 2026-09-15 --by NILS_BERG --reason "the cohort analysis is over"
lineage deprecate SANDBOX.COHORT_BASE --to tombstoned --date 2026-10-15 --since 2026-09-15 --by NILS_BERG --reason "the cohort analysis is over"
