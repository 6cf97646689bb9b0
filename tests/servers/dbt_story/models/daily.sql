select customer_id, sum(amount) as revenue from {{ ref('orders') }} where amount > 5 group by customer_id
