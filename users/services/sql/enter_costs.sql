-- Entries that are new or become another amount; the unique rule counts a missing source code as a value.
INSERT INTO users_channelcost AS cost (day, channel_id, source_id, amount, is_invented, entered_at)
SELECT wanted.day, channel.id, source.id, wanted.amount, %(is_invented)s, %(now)s
FROM wanted_cost wanted
JOIN users_acquisitionchannel channel ON channel.slug = wanted.channel
LEFT JOIN users_sourcecode source ON source.code = wanted.code
WHERE wanted.amount > 0
ON CONFLICT (day, channel_id, source_id) DO UPDATE
SET amount = excluded.amount, is_invented = excluded.is_invented, entered_at = excluded.entered_at
WHERE cost.amount <> excluded.amount
