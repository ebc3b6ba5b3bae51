-- All rows of the groups to which the numbered rows belong, wherever in the file they stand; of the first only: of the
-- groups whose first row is among them, so that each group comes once however the file is gone through.
WITH named AS (
    SELECT DISTINCT leader.mark
    FROM users_importrow leader
    WHERE leader.file_id = %(file)s AND leader.no = ANY(%(numbers)s::integer[]) AND leader.mark IS NOT NULL
      AND (NOT %(first_only)s OR NOT EXISTS (
        SELECT FROM users_importrow earlier
        WHERE earlier.file_id = leader.file_id AND earlier.mark = leader.mark AND earlier.no < leader.no
      ))
)
SELECT member.no, member.mark, member.key, member.customer_id, member.cells, member.fate, member.code, member.field,
       member.detail::text, member.ready
FROM named JOIN users_importrow member ON member.file_id = %(file)s AND member.mark = named.mark
