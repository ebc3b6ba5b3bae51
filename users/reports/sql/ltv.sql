-- Net revenue of the members of each cohort by age in months: a refund restates the month of its order, because net is
-- what the order is worth now. Rows without an age carry the size and the same total from the customers' standings,
-- which intake keeps: the check that the page prints. Orders are summed by customer and age first, which is hashed:
-- counting different customers in the groups themselves would sort all orders.
WITH member AS MATERIALIZED ({members})
SELECT member.value, member.cohort, NULL AS age, count(*), coalesce(sum(revenue), 0)::bigint
FROM member
GROUP BY 1, 2
UNION ALL
SELECT value, cohort, age, count(*), sum(net)::bigint
FROM (
    SELECT member.id, member.value, member.cohort, {age} AS age, sum(placed.net) AS net
    FROM member JOIN users_order placed ON placed.customer_id = member.id AND placed.counts
    GROUP BY 1, 2, 3, 4
) AS bought
GROUP BY 1, 2, 3
