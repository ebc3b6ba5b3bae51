"""Whether it helped: conversions of both arms, and the one message that an order is credited to."""

from datetime import datetime

from config.kit.batches import execute


def note_conversion(customer_id: int, goal: str, message_id: str, at: datetime) -> int:
    """The goal was reached: once per campaign in whose window the customer is, in whichever arm."""
    return execute(
        """
        WITH reached AS (
            INSERT INTO campaigns_conversion (customer_id, campaign_id, message_id, at, held_out)
            SELECT a.customer_id, a.campaign_id, %(message)s, %(at)s, a.held_out
            FROM campaigns_assignment a JOIN campaigns_campaign c ON c.id = a.campaign_id
            WHERE a.customer_id = %(customer)s AND c.goal_event = %(goal)s
              AND %(at)s >= a.assigned_at AND %(at)s < a.assigned_at + make_interval(days => c.window_days)
            ON CONFLICT (customer_id, campaign_id) DO NOTHING
            RETURNING customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'messages' FROM reached
        """,
        {"customer": customer_id, "goal": goal, "message": message_id, "at": at},
    )


def credit_order(customer_id: int, source: str, number: str, at: datetime, now: datetime) -> int:
    """Credit an order paid at ``at`` to the latest human click inside the campaign's window, else to the
    latest human open, else to the latest message delivered or sent; each order once."""
    return execute(
        """
        WITH touch AS (
            SELECT r.step_id, r.occasion, r.at,
                   CASE WHEN r.kind IN ('clicked', 'opened') THEN r.kind ELSE 'delivered' END AS kind
            FROM campaigns_receipt r
            WHERE r.customer_id = %(customer)s AND r.kind IN ('clicked', 'opened', 'delivered') AND NOT r.by_bot
            UNION ALL
            SELECT d.step_id, d.occasion, d.settled_at, 'delivered' FROM campaigns_delivery d
            WHERE d.customer_id = %(customer)s AND d.state = 'sent'
        ), credited AS (
            INSERT INTO campaigns_ordercredit
                (customer_id, source, number, campaign_id, step_id, occasion, touch, touched_at, credited_at)
            SELECT %(customer)s, %(source)s, %(number)s, c.id, t.step_id, t.occasion, t.kind, t.at, %(now)s
            FROM touch t
            JOIN campaigns_step s ON s.id = t.step_id
            JOIN campaigns_campaign c ON c.id = s.campaign_id
            WHERE c.kind <> 'service' AND t.at <= %(at)s AND t.at > %(at)s - make_interval(days => c.window_days)
            ORDER BY array_position(ARRAY['clicked', 'opened', 'delivered'], t.kind), t.at DESC, t.step_id
            LIMIT 1
            ON CONFLICT (customer_id, source, number) DO NOTHING
            RETURNING customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'orders' FROM credited
        """,
        {"customer": customer_id, "source": source, "number": number, "at": at, "now": now},
    )
