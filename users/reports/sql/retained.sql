-- Who began in the span, by the value of a dimension: all, those of whom N days have passed, and those active on day N
-- or after it; and in the same pass, without the dimension, the direct count (the row whose grouping is 1).
SELECT value, grouping(value), count(*), count(*) FILTER (WHERE start_day < %(old_enough)s),
       count(*) FILTER (WHERE last_age >= %(days)s)
FROM ({members}) member
GROUP BY GROUPING SETS ((value), ())
