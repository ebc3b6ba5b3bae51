-- People at the links of each channel's source codes, per channel and per upper channel (a visitor counts once in each),
-- and over all of them. Level: 1 a channel, 2 an upper one, 3 all.
SELECT source.channel_id, coalesce(channel.parent_id, channel.id) AS upper_id,
       grouping(source.channel_id, coalesce(channel.parent_id, channel.id)) AS level, count(*), count(DISTINCT touch.visitor)
FROM users_sourcetouch touch
JOIN users_sourcecode source ON source.id = touch.source_id
JOIN users_acquisitionchannel channel ON channel.id = source.channel_id
WHERE touch.at >= %(begin)s AND touch.at < %(end)s AND NOT touch.by_bot
GROUP BY GROUPING SETS ((source.channel_id), (coalesce(channel.parent_id, channel.id)), ())
