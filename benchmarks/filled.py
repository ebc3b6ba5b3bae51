"""What the benchmark's shop has beside customers and events, so that no page is measured empty: segments, products,
source codes, a campaign, points, conversations. Made once per copy of the data, set-wise, from the data itself.
"""

from datetime import datetime, timedelta
from typing import Any

from benchmarks.campaign import campaign_to_everybody, plan_all
from benchmarks.rules_of_w1 import REFERENCES
from config.kit.batches import execute, fetch
from segments.services.rebuild import rebuild
from segments.services.segments import create_segment
from users.models import CustomerValue, Product

STATEMENTS = (
    # Storefronts tell a device with what is looked at; of the time that the usual funnel reads.
    """UPDATE users_event SET device = (ARRAY['mobile', 'mobile', 'desktop', 'tablet'])[1 + customer_id %% 4]
       WHERE type_id = (SELECT id FROM users_eventtype WHERE name = 'Product Viewed')
         AND occurred_at > %(now)s - interval '40 days' AND customer_id %% 10 > 0""",
    # Products and the tree they stand in; who owns what was bought last.
    """INSERT INTO users_category (name, path) SELECT DISTINCT category, category FROM users_orderline
       WHERE category <> '' ON CONFLICT DO NOTHING""",
    "INSERT INTO users_categoryname (text, category_id) SELECT path, id FROM users_category ON CONFLICT DO NOTHING",
    """INSERT INTO users_product (product_id, name, category, url, image_url)
       SELECT product_id, 'Record ' || product_id, min(category), '', '' FROM users_orderline
       WHERE product_id <> '' GROUP BY product_id ON CONFLICT DO NOTHING""",
    """INSERT INTO users_ownedproduct (customer_id, key, product_id, category, serial, since, source, quantity,
                                       order_source, order_number)
       SELECT customer_id, 'order:' || source || ':' || number || ':' || product_id, product_id, min(category), '',
              min(sold_at), 'order', count(*), source, number
       FROM users_orderline WHERE sold_at > %(now)s - interval '180 days' AND product_id <> ''
       GROUP BY customer_id, source, number, product_id ON CONFLICT DO NOTHING""",
    # Fifty links; every tenth customer came by one.
    """INSERT INTO users_sourcecode (code, name, channel_id, platform, owner_kind, owner, target, utm_source,
                                     utm_medium, utm_campaign, utm_term, utm_content, is_invented, created_at)
       SELECT 'c' || n, 'Link ' || n, (SELECT min(id) FROM users_acquisitionchannel) + n %% 12, '', 'store',
              'Store ' || n %% 9, 'https://shop.example/', '', '', '', '', '', false, %(now)s - interval '1 year'
       FROM generate_series(1, 50) AS n""",
    """INSERT INTO users_sourcetouch (source_id, visitor, at, referrer_host, utm, by_bot)
       SELECT source.id, gen_random_uuid(), customer.registered_at, '', '{}', customer.id %% 50 = 0
       FROM users_customer customer JOIN users_sourcecode source ON source.code = 'c' || (1 + customer.id / 10 %% 50)
       WHERE customer.id %% 10 = 0 ORDER BY customer.registered_at""",
    """INSERT INTO users_firsttouch (customer_id, at, code, told_channel, utm_source, utm_medium, utm_campaign,
                                     utm_term, utm_content, referrer_host, source_id, channel_id)
       SELECT customer.id, customer.registered_at, source.code, '', '', '', '', '', '', '', source.id, source.channel_id
       FROM users_customer customer JOIN users_sourcecode source ON source.code = 'c' || (1 + customer.id / 10 %% 50)
       WHERE customer.id %% 10 = 0""",
    # Points for every third customer: what the orders earned, half of it spent by some.
    """INSERT INTO growth_balance (customer_id, pending, active, debt)
       SELECT customer_id, 0, 100 + orders, 0 FROM users_standing WHERE customer_id %% 3 = 0""",
    """INSERT INTO growth_lot (customer_id, key, state, amount, remaining, taken_back, expired, order_source,
                               order_number, order_net, expires_at)
       SELECT customer_id, 'begin', 'active', active, active, 0, 0, '', '', 0,
              %(now)s + (customer_id %% 360) * interval '1 day' FROM growth_balance""",
    """INSERT INTO growth_entry (customer_id, key, account, amount, at, kind, note)
       SELECT customer_id, 'begin', account, active * sign, %(now)s - (customer_id %% 365) * interval '1 day', 'adjust',
              '' FROM growth_balance, (VALUES ('active', 1), ('issue', -1)) AS leg (account, sign) ORDER BY 5""",
    """INSERT INTO growth_level (name, name_zh, threshold, colour)
       SELECT 'Level ' || n, '', n * 100, '#7c8594' FROM generate_series(11, 14) AS n ON CONFLICT DO NOTHING""",
    """INSERT INTO growth_customerlevel (customer_id, level_id, growth_value, since, counts_from, judged_at)
       SELECT customer_id, (SELECT min(id) FROM growth_level), active, %(now)s, %(now)s, %(now)s FROM growth_balance""",
    # Every hundredth customer wrote; a tenth of them wait.
    """INSERT INTO feedback_conversation (customer_id, key, subject, kind, origin, state, opened_at, waiting_since,
                                          reply_due_at, last_message_at)
       SELECT id, gen_random_uuid(), 'Where is it?', 'question', 'form',
              CASE WHEN id %% 1000 = 0 THEN 'waiting' ELSE 'answered' END, at, CASE WHEN id %% 1000 = 0 THEN at END,
              CASE WHEN id %% 1000 = 0 THEN at + interval '1 hour' END, at
       FROM (SELECT id, %(now)s - (id %% 86400) * interval '6 minutes' AS at FROM users_customer
             WHERE id %% 100 = 0) c""",
    """INSERT INTO feedback_message (customer_id, conversation_key, key, from_customer, is_note, text, at)
       SELECT customer_id, key, 'm' || n, true, false, 'Where is it?', last_message_at - n * interval '1 minute'
       FROM feedback_conversation, generate_series(0, 1) AS n""",
)
# A campaign to everybody that has been sent: every tenth was opened by a person, every fiftieth clicked.
SENT = (
    """UPDATE campaigns_delivery SET state = 'sent', settled_at = due_at, claimed_at = due_at, attempts = 1
       WHERE run_id = %(run)s AND state = 'queued'""",
    "UPDATE campaigns_batch SET state = 'done' WHERE run_id = %(run)s",
    "UPDATE campaigns_campaignrun SET state = 'finished', finished_at = %(now)s WHERE id = %(run)s",
    """INSERT INTO campaigns_receipt (customer_id, step_id, occasion, key, kind, channel, at, by_bot)
       SELECT customer_id, step_id, occasion, kind, kind, channel, settled_at + interval '1 hour', false
       FROM campaigns_delivery, (VALUES ('opened', 10), ('clicked', 50)) AS did (kind, each)
       WHERE run_id = %(run)s AND state = 'sent' AND customer_id %% each = 0""",
)


def fill(now: datetime) -> None:
    """Fill what is empty, unless that was done. The figures of the day must be there: rules ask for them."""
    if Product.objects.exists():
        return
    assert CustomerValue.objects.exists()
    for statement in STATEMENTS:
        execute(statement, {"now": now})
    _segments(now)
    run = campaign_to_everybody("Everybody")
    plan_all(run)
    for statement in SENT:
        execute(statement, {"run": run.pk, "now": now})
    execute("TRUNCATE users_touched")  # as after a refresh
    execute("VACUUM (ANALYZE)")


def _segments(now: datetime) -> None:
    """The reference rules, each computed; their members came over the last month."""
    child = 0
    for reference in REFERENCES:
        conditions: list[dict[str, Any]] = [
            {**one, "segment": child} if "segment" in one else one for one in reference.conditions
        ]
        rule = {"version": 1, "root": {"all": conditions}}
        made = create_segment(name=reference.name, rule=rule, by=None)
        rebuild(made, now - timedelta(days=1))
        made.refresh_from_db()
        assert not made.error, (reference.name, made.error)
        child = child or made.pk


def example(statement: str) -> Any:
    """The one value that a statement selects."""
    return fetch(statement)[0][0]
