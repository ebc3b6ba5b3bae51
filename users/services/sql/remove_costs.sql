-- Entries that are taken away.
DELETE FROM users_channelcost cost
USING wanted_cost wanted
JOIN users_acquisitionchannel channel ON channel.slug = wanted.channel
LEFT JOIN users_sourcecode source ON source.code = wanted.code
WHERE wanted.amount = 0 AND cost.day = wanted.day AND cost.channel_id = channel.id
  AND cost.source_id IS NOT DISTINCT FROM source.id
