-- The meaning of touches read anew, as users/touches.py does one by one: the channel of the code, else the one told,
-- else the clue of the medium, of the source, of the nearest domain of the referring site. The customers' column
-- follows, and whoever changed is touched for rules,
-- as history: what an operator puts right starts nothing.
WITH moved AS (
    UPDATE users_firsttouch touch SET source_id = placed.source_id, channel_id = placed.channel_id
    FROM (
        SELECT told.customer_id, source.id AS source_id,
               coalesce(source.channel_id, channel.id, medium.channel_id, utm.channel_id, site.channel_id) AS channel_id
        FROM users_firsttouch told
        LEFT JOIN users_sourcecode source ON source.code = told.code
        LEFT JOIN users_acquisitionchannel channel ON channel.slug = told.told_channel
        LEFT JOIN users_channelclue medium ON medium.kind = 'utm_medium' AND medium.value = lower(told.utm_medium)
        LEFT JOIN users_channelclue utm ON utm.kind = 'utm_source' AND utm.value = lower(told.utm_source)
        LEFT JOIN LATERAL (
            SELECT clue.channel_id FROM users_channelclue clue
            WHERE clue.kind = 'referrer' AND told.referrer_host <> ''
              AND '.' || told.referrer_host LIKE '%%.' || clue.value
            ORDER BY length(clue.value) DESC LIMIT 1
        ) AS site ON true
        WHERE told.code = ANY(%(codes)s) OR %(unplaced)s AND told.channel_id IS NULL
    ) AS placed
    WHERE touch.customer_id = placed.customer_id
      AND (touch.source_id IS DISTINCT FROM placed.source_id OR touch.channel_id IS DISTINCT FROM placed.channel_id)
    RETURNING touch.customer_id, touch.channel_id
), repeated AS (
    UPDATE users_customer customer SET channel_id = moved.channel_id
    FROM moved
    WHERE customer.id = moved.customer_id AND customer.channel_id IS DISTINCT FROM moved.channel_id
)
INSERT INTO users_touched (customer_id, topic, is_history) SELECT customer_id, 'profile', true FROM moved
