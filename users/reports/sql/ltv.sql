-- Net revenue of the members of each cohort by age in months: a refund restates the month of its order, because net is
-- what the order is worth now. Rows without an age carry the size and the same total from the customers' standings,
-- which intake keeps: the check that the page prints.
WITH member AS MATERIALIZED ({members})
SELECT member.value, member.cohort, NULL AS age, count(*), coalesce(sum(revenue), 0)::bigint
FROM member
GROUP BY 1, 2
UNION ALL
SELECT member.value, member.cohort, {age} AS age, count(DISTINCT member.id), sum(placed.net)::bigint
FROM member JOIN users_order placed ON placed.customer_id = member.id AND placed.counts
GROUP BY 1, 2, 3
