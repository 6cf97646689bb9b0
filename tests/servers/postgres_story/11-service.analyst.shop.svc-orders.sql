select id from raw.orders where customer_id = 5 /*action='list',controller='orders',framework='django%3A5.0',traceparent='00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01'*/;
