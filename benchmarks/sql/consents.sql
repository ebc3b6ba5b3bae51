-- Seven in ten allow news by e-mail, one in ten said no, the rest was never asked.
INSERT INTO users_consent (
    customer_id, key, channel, topic_id, granted, given_at, recorded_at, source, wording, ip, is_current
)
SELECT c.id, 'bench', 'email', t.id, c.id %% 10 < 7, c.first_seen_at, c.first_seen_at, 'bench', '', NULL, true
FROM users_customer c, users_topic t
WHERE t.slug = 'news' AND c.id %% 10 < 8
