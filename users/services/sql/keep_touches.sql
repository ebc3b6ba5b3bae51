-- First touches as decided, and the customers' columns that repeat them for lists and rules.
WITH kept AS (
    INSERT INTO users_firsttouch AS known (customer_id, at, code, told_channel, utm_source, utm_medium, utm_campaign,
                                           utm_term, utm_content, referrer_host, channel_id, source_id)
    SELECT customer_id, at, code, told_channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content,
           referrer_host, channel_id, source_id
    FROM told_touch
    ON CONFLICT (customer_id) DO UPDATE SET
        at = excluded.at, code = excluded.code, told_channel = excluded.told_channel, utm_source = excluded.utm_source,
        utm_medium = excluded.utm_medium, utm_campaign = excluded.utm_campaign, utm_term = excluded.utm_term,
        utm_content = excluded.utm_content, referrer_host = excluded.referrer_host, channel_id = excluded.channel_id,
        source_id = excluded.source_id
)
UPDATE users_customer customer SET channel_id = told.channel_id, source_code = told.code
FROM told_touch told
WHERE customer.id = told.customer_id
  AND (customer.channel_id IS DISTINCT FROM told.channel_id OR customer.source_code <> told.code)
