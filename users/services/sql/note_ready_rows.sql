-- Orders of a file that were written as the dry run kept them: beside their first rows whose they are and what undoing
-- needs, in the shape in which users/services/imports/order_writing.py keeps it.
UPDATE users_importrow row
SET state = 'written', customer_id = told.customer_id, ready = NULL,
    before = jsonb_build_object(
        'source', told.source, 'number', told.number, 'order', NULL,
        'after', jsonb_build_object('digest', mark.digest, 'refunds', to_jsonb(mark.refunds)),
        'events', jsonb_build_array(%(event)s || told.no), 'at', %(at)s::text
    ) || told.made
FROM (
    -- marks
) AS mark (customer_id, source, number, digest, refunds)
JOIN ready_row told USING (customer_id, source, number)
WHERE row.file_id = %(file)s AND row.no = told.no
