-- Twenty tags, each on one customer in twenty.
WITH made AS (
    INSERT INTO users_tag (name, category)
    SELECT 'tag ' || n, 'bench' FROM generate_series(0, 19) AS n
    RETURNING id, name
)
INSERT INTO users_customertag (customer_id, tag_id, tagged_at, source)
SELECT c.id, made.id, c.first_seen_at, 'hand'
FROM users_customer c JOIN made ON made.name = 'tag ' || (c.id * 7919) %% 20
