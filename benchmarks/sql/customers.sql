-- One row per customer, registered over the year before the events begin and during it.
INSERT INTO users_customer (
    id, user_id, identified, name, first_name, last_name, gender, birthday, country, region, city, occupation,
    industry, income_band, education, interests, language, time_zone, attributes, no_profiling, channel_id,
    platform, source_code, is_invented, first_seen_at, registered_at
)
SELECT
    n, 'u' || n, true, 'Customer ' || n, '', '',
    (ARRAY['female', 'male', ''])[1 + n %% 3],
    date '1950-01-01' + (random() * 20000)::int,
    CASE WHEN n %% 5 = 0 THEN 'US' ELSE 'CN' END,
    'region ' || n %% 30, 'city ' || n %% 300,
    (ARRAY['teacher', 'student', 'engineer', 'nurse', ''])[1 + n %% 5],
    '', '', '', '[]', CASE WHEN n %% 5 = 0 THEN 'en' ELSE 'zh-hans' END, 'Asia/Shanghai',
    jsonb_build_object('shoe_size', 35 + n %% 12), false,
    (SELECT min(id) FROM users_acquisitionchannel) + n %% 12,
    (ARRAY['web', 'ios', 'android', 'wechat'])[1 + n %% 4], '', false,
    now() - random() * interval '730 days', now() - random() * interval '730 days'
FROM generate_series(1, %(customers)s) AS n
