select nope from {{ ref('daily') }}
