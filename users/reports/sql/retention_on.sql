-- How many members of each cohort were active in each slot (an age, or a bracket of ages). slot_of[age + 1] is the slot
-- of an age, 0 for none: a look-up per customer-day instead of a join with ranges. A customer's slots are the bits of
-- one number, so that a million customers are a million groups whatever the number of slots. Parts of the customers add up.
WITH member AS MATERIALIZED ({members}), active AS (
    SELECT day.customer_id AS id, bit_or(1::bigint << (%(slot_of)s::smallint[])[{age} + 1]) AS slots
    FROM member
    JOIN users_customerday day ON day.customer_id = member.id
    WHERE day.customer_id BETWEEN %(from_id)s AND %(to_id)s
      AND day.day >= %(first_day)s AND day.day >= member.start_day AND (%(slot_of)s::smallint[])[{age} + 1] > 0
    GROUP BY 1
)
SELECT value, cohort, count(*), {counts}
FROM member LEFT JOIN active USING (id)
GROUP BY 1, 2
