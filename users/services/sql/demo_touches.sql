-- Invented visits at the demo's links: one for every customer who came with a code, at the first touch, and for each
-- three of people who never said who they were, within the days around it.
INSERT INTO users_sourcetouch (source_id, visitor, at, referrer_host, utm, by_bot)
SELECT first.source_id, gen_random_uuid(),
       CASE WHEN visit.no = 0 THEN first.at
            ELSE least(first.at + (visit.no - 2) * interval '19 hours' + (first.customer_id %% 97) * interval '7 minutes',
                       %(until)s) END,
       CASE WHEN visit.no = 2 THEN 'weibo.com' ELSE '' END, '{}', visit.no = 3 AND first.customer_id %% 5 = 0
FROM users_firsttouch first
CROSS JOIN generate_series(0, 3) AS visit (no)
WHERE first.source_id IS NOT NULL
