-- Rows of one customer or order beyond what a hand can hold are refused before anybody looks at the group.
WITH numbered AS (
    SELECT no, row_number() OVER (PARTITION BY mark ORDER BY no) AS place
    FROM users_importrow WHERE file_id = %(file)s AND mark IS NOT NULL
)
UPDATE users_importrow row SET mark = NULL, fate = 'refused', code = 'too_many_rows', detail = '{}'
FROM numbered
WHERE row.file_id = %(file)s AND row.no = numbered.no AND numbered.place > %(most)s
