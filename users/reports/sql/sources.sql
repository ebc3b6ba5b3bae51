-- What source codes brought, per code or per owner ({key}): people at the link, customers whose first touch it was,
-- what they bought to date, who was active on day 30 after that touch or later (the last activity says it).
WITH reach AS (
    SELECT {key} AS key, count(*) FILTER (WHERE NOT touch.by_bot) AS touches,
           count(DISTINCT touch.visitor) FILTER (WHERE NOT touch.by_bot) AS visitors,
           count(*) FILTER (WHERE touch.by_bot) AS programs
    FROM users_sourcetouch touch JOIN users_sourcecode source ON source.id = touch.source_id
    WHERE touch.at >= %(begin)s AND touch.at < %(end)s
    GROUP BY 1
), came AS (
    SELECT {key} AS key, standing.orders, standing.revenue,
           (first.at AT TIME ZONE %(zone)s)::date AS day,
           (standing.last_activity_at AT TIME ZONE %(zone)s)::date AS last_day
    FROM users_firsttouch first
    JOIN users_sourcecode source ON source.id = first.source_id
    JOIN users_customer customer ON customer.id = first.customer_id
    JOIN users_standing standing ON standing.customer_id = first.customer_id
    WHERE first.source_id IS NOT NULL AND first.at >= %(begin)s AND first.at < %(end)s
      AND customer.identified AND customer.erased_at IS NULL
), brought AS (
    SELECT key, count(*) AS customers, count(*) FILTER (WHERE orders > 0) AS buyers,
           sum(orders)::bigint AS orders, sum(revenue)::bigint AS revenue,
           count(*) FILTER (WHERE day + 30 <= %(today)s) AS matured,
           count(*) FILTER (WHERE day + 30 <= %(today)s AND last_day >= day + 30) AS stayed
    FROM came GROUP BY key
)
SELECT key, coalesce(touches, 0), coalesce(visitors, 0), coalesce(programs, 0), coalesce(customers, 0),
       coalesce(buyers, 0), coalesce(orders, 0), coalesce(revenue, 0), coalesce(matured, 0), coalesce(stayed, 0)
FROM reach FULL JOIN brought USING (key)
