-- What differs from what is entered: the wanted rows with the amount before (null: none). 0 means no entry.
SELECT wanted.day, wanted.channel, wanted.code, wanted.amount, cost.amount
FROM wanted_cost wanted
JOIN users_acquisitionchannel channel ON channel.slug = wanted.channel
LEFT JOIN users_sourcecode source ON source.code = wanted.code
LEFT JOIN users_channelcost cost
  ON cost.day = wanted.day AND cost.channel_id = channel.id AND cost.source_id IS NOT DISTINCT FROM source.id
WHERE coalesce(cost.amount, 0) <> wanted.amount
ORDER BY wanted.day, wanted.channel, wanted.code
