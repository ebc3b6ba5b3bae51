-- How many members of each cohort were active in each slot (an age, or a bracket of ages). slot_of[age + 1] is the slot
-- of an age, 0 for none: a look-up per customer-day instead of a join with ranges. Sizes come as slot NULL.
WITH member AS MATERIALIZED ({members}), active AS (
    SELECT DISTINCT member.id, (%(slot_of)s::smallint[])[{age} + 1] AS slot
    FROM member
    JOIN users_customerday day ON day.customer_id = member.id
    WHERE day.day >= %(first_day)s AND day.day >= member.start_day AND (%(slot_of)s::smallint[])[{age} + 1] > 0
)
SELECT value, cohort, NULL AS slot, count(*) FROM member GROUP BY 1, 2
UNION ALL
SELECT member.value, member.cohort, active.slot, count(*) FROM active JOIN member USING (id) GROUP BY 1, 2, 3
