select revenue from {{ ref('daily') }} where customer_id = 1
