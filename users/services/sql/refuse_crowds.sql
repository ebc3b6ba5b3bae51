-- Rows of one customer or order beyond what a hand can hold are refused before anybody looks at the group.
-- The crowds are found first, nearly always none: numbering every row and joining the numbers back was planned as
-- rows times rows and ran into the limit of a statement at 20,000 rows.
WITH crowd AS MATERIALIZED (
    SELECT mark FROM users_importrow WHERE file_id = %(file)s AND mark IS NOT NULL
    GROUP BY mark HAVING count(*) > %(most)s
), numbered AS (
    SELECT member.no, row_number() OVER (PARTITION BY member.mark ORDER BY member.no) AS place
    FROM crowd JOIN users_importrow member ON member.file_id = %(file)s AND member.mark = crowd.mark
)
UPDATE users_importrow row SET mark = NULL, fate = 'refused', code = 'too_many_rows', detail = '{}'
WHERE row.file_id = %(file)s
  AND row.no = ANY(ARRAY(SELECT no FROM numbered WHERE place > %(most)s))
