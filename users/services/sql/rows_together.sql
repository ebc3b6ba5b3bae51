-- The rows of a range that come first in their group, each with all rows of the group wherever they stand.
WITH first AS (
    SELECT leader.mark
    FROM users_importrow leader
    WHERE leader.file_id = %(file)s AND leader.no > %(after)s AND leader.no <= %(last)s AND leader.mark IS NOT NULL
      AND NOT EXISTS (
        SELECT FROM users_importrow earlier
        WHERE earlier.file_id = leader.file_id AND earlier.mark = leader.mark AND earlier.no < leader.no
      )
)
SELECT member.no, member.mark, member.key, member.customer_id, member.cells
FROM first JOIN users_importrow member ON member.file_id = %(file)s AND member.mark = first.mark
ORDER BY member.mark, member.no
