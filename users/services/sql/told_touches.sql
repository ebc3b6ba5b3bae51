-- The calls of a batch that may say where somebody came from: a campaign, an address with UTM or a source code, a
-- referring site that a clue names, the traits of an identify call. Whoever has a touch already is asked only for what
-- is not later than it, so that a regular's visits cost one look-up in the primary key and nothing more. The sites come as one
-- pattern: asked one by one they doubled the time of a whole batch.
SELECT said.customer_id, said.occurred_at, said.campaign, said.url, said.search, said.referrer, said.code, said.channel
FROM (
    SELECT owner.customer_id, item.occurred_at,
           CASE WHEN jsonb_typeof(item.context -> 'campaign') = 'object' THEN item.context ->> 'campaign' END AS campaign,
           coalesce(item.context #>> '{page,url}', CASE WHEN item.type = 'page' THEN item.properties ->> 'url' END, '')
               AS url,
           coalesce(item.context #>> '{page,search}',
                    CASE WHEN item.type = 'page' THEN item.properties ->> 'search' END, '') AS search,
           coalesce(item.context #>> '{page,referrer}',
                    CASE WHEN item.type = 'page' THEN item.properties ->> 'referrer' END, '') AS referrer,
           CASE WHEN item.type = 'identify' THEN (item.traits -> 'sourceCode')::text END AS code,
           CASE WHEN item.type = 'identify' THEN (item.traits -> 'channel')::text END AS channel
    FROM intake_item item
    JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
    WHERE item.context ?| ARRAY['campaign', 'page'] OR item.type IN ('page', 'identify')
) AS said
LEFT JOIN users_firsttouch first USING (customer_id)
WHERE (first.at IS NULL OR said.occurred_at <= first.at)
  AND (said.campaign IS NOT NULL OR said.code IS NOT NULL OR said.channel IS NOT NULL
       OR said.url ~ '[?&](utm_|src=)' OR said.search ~ '(utm_|src=)'
       OR said.referrer ~* %(sites)s)
