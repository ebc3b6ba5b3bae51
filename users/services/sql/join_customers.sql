-- All joins of a batch, table by table (statements are parted by blank lines).

-- Events: one that both have (delivered before and after the join) is one event.
WITH moved AS (
    DELETE FROM users_event event USING join_pair pair WHERE event.customer_id = pair.absorbed
    RETURNING pair.survivor, event.*
)
INSERT INTO users_event (customer_id, message_id, type_id, occurred_at, received_at, confirmed, category, value,
                         device, properties)
SELECT survivor, message_id, type_id, occurred_at, received_at, confirmed, category, value, device, properties
FROM moved
ON CONFLICT DO NOTHING;

-- Customer-days: the day both were active on is one day.
WITH moved AS (
    DELETE FROM users_customerday day USING join_pair pair WHERE day.customer_id = pair.absorbed
    RETURNING pair.survivor, day.*
)
INSERT INTO users_customerday AS kept (customer_id, day, first_at, last_at, events)
SELECT survivor, day, min(first_at), max(last_at), sum(events) FROM moved GROUP BY survivor, day
ON CONFLICT (customer_id, day) DO UPDATE
SET first_at = least(kept.first_at, excluded.first_at), last_at = greatest(kept.last_at, excluded.last_at),
    events = kept.events + excluded.events;

-- What was believed of the absorbed one's stages stays readable, as belief; the survivor's are derived afresh.
WITH moved AS (
    DELETE FROM users_stagemove move USING join_pair pair WHERE move.customer_id = pair.absorbed
    RETURNING pair.survivor, move.*
)
INSERT INTO users_stagemove (customer_id, at, noticed_at, from_stage, to_stage, cause, cause_message_id, rule_version,
                             starts_things, superseded_at)
SELECT survivor, at, noticed_at, from_stage, to_stage, cause, cause_message_id, rule_version, starts_things,
       coalesce(superseded_at, %(now)s)
FROM moved
ON CONFLICT DO NOTHING;

-- An order both have been told of: the confirmed telling stays, else the survivor's.
CREATE TEMPORARY TABLE join_order_lost ON COMMIT DROP AS
SELECT CASE WHEN theirs.confirmed AND NOT ours.confirmed THEN pair.survivor ELSE pair.absorbed END AS customer_id,
       ours.source, ours.number
FROM join_pair pair
JOIN users_order theirs ON theirs.customer_id = pair.absorbed
JOIN users_order ours
  ON ours.customer_id = pair.survivor AND ours.source = theirs.source AND ours.number = theirs.number;

DELETE FROM users_orderline line USING join_order_lost lost
WHERE (line.customer_id, line.source, line.number) = (lost.customer_id, lost.source, lost.number);

DELETE FROM users_order lesser USING join_order_lost lost
WHERE (lesser.customer_id, lesser.source, lesser.number) = (lost.customer_id, lost.source, lost.number);

DROP TABLE join_order_lost;

WITH moved AS (
    DELETE FROM users_order old USING join_pair pair WHERE old.customer_id = pair.absorbed
    RETURNING pair.survivor, old.*
)
INSERT INTO users_order (customer_id, source, number, ordered_at, paid_at, cancelled_at, confirmed, currency, total,
                         tax, shipping, discount, refunded, rate, net, coupon, counts, is_history, told_at, changed_at)
SELECT survivor, source, number, ordered_at, paid_at, cancelled_at, confirmed, currency, total, tax, shipping,
       discount, refunded, rate, net, coupon, counts, is_history, told_at, %(now)s
FROM moved
ON CONFLICT DO NOTHING;

WITH moved AS (
    DELETE FROM users_orderline line USING join_pair pair WHERE line.customer_id = pair.absorbed
    RETURNING pair.survivor, line.*
)
INSERT INTO users_orderline (customer_id, source, number, line, product_id, sku, name, category, quantity, price, amount,
                             line_id, share, sold_at)
SELECT survivor, source, number, line, product_id, sku, name, category, quantity, price, amount, line_id, share, sold_at
FROM moved
ON CONFLICT DO NOTHING;

WITH moved AS (
    DELETE FROM users_refund refund USING join_pair pair WHERE refund.customer_id = pair.absorbed
    RETURNING pair.survivor, refund.*
)
INSERT INTO users_refund (customer_id, source, number, refund_id, refunded_at, confirmed, amount, net, lines)
SELECT survivor, source, number, refund_id, refunded_at, confirmed, amount, net, lines FROM moved
ON CONFLICT DO NOTHING;

-- Claims on orders: who claimed the order of the one he turned out to be claims nothing any more.
WITH moved AS (
    DELETE FROM users_orderclaim claim USING join_pair pair
    WHERE claim.customer_id = pair.absorbed OR claim.claimant_id = pair.absorbed
    RETURNING claim.*
)
INSERT INTO users_orderclaim (customer_id, source, number, claimant_id, claimed_at)
SELECT coalesce(of_owner.survivor, customer_id), source, number, coalesce(of_claimant.survivor, claimant_id), claimed_at
FROM moved
LEFT JOIN join_pair of_owner ON of_owner.absorbed = customer_id
LEFT JOIN join_pair of_claimant ON of_claimant.absorbed = claimant_id
WHERE coalesce(of_owner.survivor, customer_id) <> coalesce(of_claimant.survivor, claimant_id)
ON CONFLICT DO NOTHING;

-- Products owned: the same purchase or card is one.
WITH moved AS (
    DELETE FROM users_ownedproduct old USING join_pair pair WHERE old.customer_id = pair.absorbed
    RETURNING pair.survivor, old.*
)
INSERT INTO users_ownedproduct (customer_id, key, product_id, category, serial, since, warranty_months, warranty_end,
                                source, quantity, order_source, order_number)
SELECT survivor, key, product_id, category, serial, since, warranty_months, warranty_end, source, quantity,
       order_source, order_number
FROM moved
ON CONFLICT DO NOTHING;

-- Contact points: an address that several have keeps the worst state, and is confirmed if one was.
WITH moved AS (
    DELETE FROM users_contactpoint point USING join_pair pair WHERE point.customer_id = pair.absorbed
    RETURNING pair.survivor, point.*
)
INSERT INTO users_contactpoint AS kept (customer_id, channel, address, details, state, confirmed, added_at, changed_at)
SELECT survivor, channel, address, (array_agg(details ORDER BY added_at DESC))[1],
       (ARRAY['unverified', 'verified', 'bouncing', 'blocked'])[
           max(array_position(ARRAY['unverified', 'verified', 'bouncing', 'blocked'], state::text))],
       bool_or(confirmed), min(added_at), max(changed_at)
FROM moved
GROUP BY survivor, channel, address
ON CONFLICT (customer_id, channel, address) DO UPDATE
SET state = CASE WHEN array_position(ARRAY['unverified', 'verified', 'bouncing', 'blocked'], excluded.state::text)
                    > array_position(ARRAY['unverified', 'verified', 'bouncing', 'blocked'], kept.state::text)
                 THEN excluded.state ELSE kept.state END,
    confirmed = kept.confirmed OR excluded.confirmed, added_at = least(kept.added_at, excluded.added_at),
    changed_at = %(now)s;

-- Consents: where one said yes and another no, no is recorded as the latest answer. All that become one are
-- looked at together, so that three joined at once end as three joined one after the other.
INSERT INTO users_consent (customer_id, key, channel, topic_id, granted, given_at, recorded_at, source, wording, ip,
                           is_current)
SELECT member.survivor, 'join:' || min(member.absorbed) || ':' || said.channel || ':' || said.topic_id,
       said.channel, said.topic_id, false, %(now)s, %(now)s, 'join', '', NULL, false
FROM (
    SELECT survivor, absorbed, absorbed AS customer_id FROM join_pair
    UNION ALL
    SELECT DISTINCT survivor, NULL::bigint, survivor FROM join_pair
) AS member
JOIN users_consent said ON said.customer_id = member.customer_id AND said.is_current
GROUP BY member.survivor, said.channel, said.topic_id
HAVING bool_or(said.granted) AND NOT bool_and(said.granted)
ON CONFLICT DO NOTHING;

WITH moved AS (
    DELETE FROM users_consent consent USING join_pair pair WHERE consent.customer_id = pair.absorbed
    RETURNING pair.survivor, consent.*
)
INSERT INTO users_consent (customer_id, key, channel, topic_id, granted, given_at, recorded_at, source, wording, ip,
                           evidence, is_current)
SELECT survivor, key, channel, topic_id, granted, given_at, recorded_at, source, wording, ip, evidence, false FROM moved
ON CONFLICT DO NOTHING;

WITH moved AS (
    DELETE FROM users_consentrequest request USING join_pair pair WHERE request.customer_id = pair.absorbed
    RETURNING pair.survivor, request.*
)
INSERT INTO users_consentrequest (customer_id, key, channel, topic_id, address, source, wording, ip, asked_at,
                                  expires_at, confirmed_at, withdrawn_at)
SELECT survivor, key, channel, topic_id, address, source, wording, ip, asked_at, expires_at, confirmed_at, withdrawn_at
FROM moved
ON CONFLICT DO NOTHING;

WITH moved AS (
    DELETE FROM users_customertag tag USING join_pair pair WHERE tag.customer_id = pair.absorbed
    RETURNING pair.survivor, tag.*
)
INSERT INTO users_customertag AS kept (customer_id, tag_id, tagged_at, source)
SELECT DISTINCT ON (survivor, tag_id) survivor, tag_id, tagged_at, source FROM moved
ORDER BY survivor, tag_id, tagged_at
ON CONFLICT (customer_id, tag_id) DO UPDATE SET tagged_at = excluded.tagged_at, source = excluded.source
WHERE excluded.tagged_at < kept.tagged_at;

-- Rows of imported files speak of the survivor; undoing sees that they are another's now and leaves them.
UPDATE users_importrow row SET customer_id = pair.survivor
FROM join_pair pair WHERE row.customer_id = pair.absorbed;

-- A tagging in one go: of two rows of one run the survivor's says what was before.
WITH moved AS (
    DELETE FROM users_tagrunmember member USING join_pair pair WHERE member.customer_id = pair.absorbed
    RETURNING pair.survivor, member.*
)
INSERT INTO users_tagrunmember (customer_id, run_id, tagged_at, source)
SELECT survivor, run_id, tagged_at, source FROM moved
ON CONFLICT DO NOTHING;

-- The figures of the day: the survivor's own hold until the next day computes both together.
DELETE FROM users_customervalue value USING join_pair pair WHERE value.customer_id = pair.absorbed;

UPDATE users_identity identity SET customer_id = pair.survivor
FROM join_pair pair WHERE identity.customer_id = pair.absorbed;

UPDATE users_orderkey key SET customer_id = pair.survivor
FROM join_pair pair WHERE key.customer_id = pair.absorbed;

UPDATE users_customeralias alias SET customer_id = pair.survivor
FROM join_pair pair WHERE alias.customer_id = pair.absorbed;

INSERT INTO users_customeralias (old_id, customer_id, joined_at, cause)
SELECT absorbed, survivor, %(now)s, %(cause)s FROM join_pair;

UPDATE users_customer customer
SET identified = customer.identified OR lost.identified, first_seen_at = least(customer.first_seen_at, lost.first_seen_at),
    most_per_week = least(customer.most_per_week, lost.most_per_week), changed_at = %(now)s
FROM (
    SELECT pair.survivor, bool_or(absorbed.identified) AS identified, min(absorbed.first_seen_at) AS first_seen_at,
           min(absorbed.most_per_week) AS most_per_week
    FROM join_pair pair JOIN users_customer absorbed ON absorbed.id = pair.absorbed
    GROUP BY pair.survivor
) AS lost
WHERE customer.id = lost.survivor;

DELETE FROM users_changedprofile changed USING join_pair pair WHERE changed.customer_id = pair.absorbed;

-- A copy of the data of one of the two is no copy of the data of both.
DELETE FROM users_dataexport bundle USING join_pair pair WHERE bundle.customer_id IN (pair.absorbed, pair.survivor);

DELETE FROM users_standing standing USING join_pair pair WHERE standing.customer_id = pair.absorbed;

DELETE FROM users_customer customer USING join_pair pair WHERE customer.id = pair.absorbed
