"""The reference rules of W1, each beside the best SQL that a person would write for the same question.

The questions are asked at ``%(now)s``; the statements give customer ids. Not a workload by itself.
"""

from dataclasses import dataclass
from typing import Any

LIVING = "erased_at IS NULL"
VIEWED, ADDED, ORDERED = (
    f"(SELECT id FROM users_eventtype WHERE name = '{name}')"
    for name in ("Product Viewed", "Product Added", "Order Completed")
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A question: its name, the conditions of its rule, and the statement by hand."""

    name: str
    conditions: tuple[dict[str, Any], ...]
    by_hand: str


def within(days: int, column: str = "occurred_at") -> str:
    """Rolling days, as SQL."""
    return f"{column} >= %(now)s - interval '{days} days' AND {column} < %(now)s"


REFERENCES = (
    Reference(
        "region",
        ({"field": "region", "op": "is_any_of", "value": ["region 1", "region 2"]},),
        f"SELECT id FROM users_customer WHERE region IN ('region 1', 'region 2') AND {LIVING}",
    ),
    Reference(
        "attribute",
        ({"attribute": "shoe_size", "op": "at_least", "value": 44},),
        f"SELECT id FROM users_customer WHERE (attributes ->> 'shoe_size')::numeric >= 44 AND {LIVING}",
    ),
    Reference(
        "birthday within a week",
        ({"field": "birthday", "op": "anniversary_within_days", "value": 6},),
        f"""SELECT id FROM users_customer WHERE {LIVING} AND birthday IS NOT NULL
            AND extract(month from birthday) * 100 + extract(day from birthday) = ANY(
                SELECT extract(month from d) * 100 + extract(day from d)
                FROM generate_series((%(now)s AT TIME ZONE 'Asia/Shanghai')::date,
                                     (%(now)s AT TIME ZONE 'Asia/Shanghai')::date + 6, interval '1 day') AS d)""",
    ),
    Reference(
        "stage",
        ({"field": "stage", "op": "is_any_of", "value": ["dormant", "churned"]},),
        f"""SELECT c.id FROM users_customer c JOIN users_standing s ON s.customer_id = c.id
            WHERE s.stage IN ('dormant', 'churned') AND {LIVING}""",
    ),
    Reference(
        "tag",
        ({"collection": "tags", "op": "has_any_of", "value": ["tag 3"]},),
        f"""SELECT c.id FROM users_customertag t JOIN users_customer c ON c.id = t.customer_id
            WHERE t.tag_id = (SELECT id FROM users_tag WHERE name = 'tag 3') AND {LIVING}""",
    ),
    Reference(
        "spent in life",
        ({"field": "revenue", "op": "more_than", "value": 10_000},),
        f"""SELECT c.id FROM users_customer c JOIN users_standing s ON s.customer_id = c.id
            WHERE s.revenue > 10000 AND {LIVING}""",
    ),
    Reference(
        "dormant, spent, may be mailed",
        (
            {"field": "stage", "op": "is_any_of", "value": ["dormant"]},
            {"field": "revenue", "op": "more_than", "value": 10_000},
            {"may_receive": "email", "topic": "news"},
        ),
        f"""SELECT c.id FROM users_customer c JOIN users_standing s ON s.customer_id = c.id
            WHERE s.stage = 'dormant' AND s.revenue > 10000 AND {LIVING}
              AND EXISTS (SELECT FROM users_contactpoint p WHERE p.customer_id = c.id AND p.channel = 'email'
                          AND p.confirmed AND p.state IN ('unverified', 'verified'))
              AND EXISTS (SELECT FROM users_consent a WHERE a.customer_id = c.id AND a.channel = 'email'
                          AND a.is_current AND a.granted
                          AND a.topic_id = (SELECT id FROM users_topic WHERE slug = 'news'))""",
    ),
    Reference(
        "viewed in 30 days",
        ({"event": "Product Viewed", "op": "did", "in_last_days": 30},),
        f"""SELECT id FROM users_customer WHERE {LIVING} AND id IN (
            SELECT customer_id FROM users_event WHERE type_id = {VIEWED} AND {within(30)})""",
    ),
    Reference(
        "viewed a category in 30 days",
        (
            {
                "event": "Product Viewed",
                "op": "did",
                "in_last_days": 30,
                "where": [{"property": "category", "op": "equals", "value": "Jazz"}],
            },
        ),
        f"""SELECT id FROM users_customer WHERE {LIVING} AND id IN (
            SELECT customer_id FROM users_event
            WHERE type_id = {VIEWED} AND {within(30)} AND category = 'Jazz')""",
    ),
    Reference(
        "viewed three times in 30 days",
        ({"event": "Product Viewed", "op": "did", "at_least": 3, "in_last_days": 30},),
        f"""SELECT c.id FROM users_customer c JOIN (
                SELECT customer_id FROM users_event WHERE type_id = {VIEWED} AND {within(30)}
                GROUP BY 1 HAVING count(*) >= 3
            ) e ON e.customer_id = c.id WHERE {LIVING}""",
    ),
    Reference(
        "did not view in 60 days",
        ({"event": "Product Viewed", "op": "did_not", "in_last_days": 60},),
        f"""SELECT c.id FROM users_customer c WHERE {LIVING} AND NOT EXISTS (
            SELECT FROM users_event e WHERE e.customer_id = c.id AND type_id = {VIEWED} AND {within(60)})""",
    ),
    Reference(
        "viewed at most twice in 60 days",
        ({"event": "Product Viewed", "op": "did", "at_most": 2, "in_last_days": 60},),
        f"""SELECT c.id FROM users_customer c LEFT JOIN (
                SELECT customer_id FROM users_event WHERE type_id = {VIEWED} AND {within(60)}
                GROUP BY 1 HAVING count(*) > 2
            ) e ON e.customer_id = c.id WHERE {LIVING} AND e.customer_id IS NULL""",
    ),
    Reference(
        "on two days in 14",
        ({"event": "Product Viewed", "op": "days", "at_least": 2, "in_last_days": 14},),
        f"""SELECT c.id FROM users_customer c JOIN (
                SELECT customer_id FROM users_event WHERE type_id = {VIEWED} AND {within(14)} GROUP BY 1
                HAVING count(DISTINCT (occurred_at AT TIME ZONE 'Asia/Shanghai')::date) >= 2
            ) e ON e.customer_id = c.id WHERE {LIVING}""",
    ),
    Reference(
        "value summed over events in 90 days",
        ({"event": "Order Completed", "op": "total", "of": "value", "at_least": 100, "in_last_days": 90},),
        f"""SELECT c.id FROM users_customer c JOIN (
                SELECT customer_id FROM users_event WHERE type_id = {ORDERED} AND {within(90)}
                GROUP BY 1 HAVING sum(value) >= 100
            ) e ON e.customer_id = c.id WHERE {LIVING}""",
    ),
    Reference(
        "three orders in half a year",
        ({"happened": "orders", "op": "did", "at_least": 3, "in_last_days": 180},),
        f"""SELECT c.id FROM users_customer c JOIN (
                SELECT customer_id FROM users_order WHERE counts AND {within(180, "ordered_at")}
                GROUP BY 1 HAVING count(*) >= 3
            ) o ON o.customer_id = c.id WHERE {LIVING}""",
    ),
    Reference(
        "orders of a category in 90 days",
        (
            {
                "happened": "orders",
                "op": "did",
                "in_last_days": 90,
                "where": [{"property": "category", "op": "equals", "value": "Jazz"}],
            },
        ),
        f"""SELECT id FROM users_customer WHERE {LIVING} AND id IN (
            SELECT o.customer_id FROM users_order o JOIN users_orderline l USING (customer_id, source, number)
            WHERE o.counts AND {within(90, "o.ordered_at")} AND l.category = 'Jazz')""",
    ),
    Reference(
        "first order in 30 days",
        ({"happened": "orders", "op": "first", "in_last_days": 30},),
        f"""SELECT c.id FROM users_customer c JOIN (
                SELECT customer_id FROM users_order WHERE counts AND ordered_at < %(now)s GROUP BY 1
                HAVING min(ordered_at) >= %(now)s - interval '30 days'
            ) o ON o.customer_id = c.id WHERE {LIVING}""",
    ),
    Reference(
        "put aside, then bought within 3 days",
        (
            {
                "sequence": {"event": "Product Added"}, "op": "then", "then": {"event": "Order Completed"},
                "within": 3, "unit": "days", "in_last_days": 30,
            },
        ),
        f"""SELECT id FROM users_customer WHERE {LIVING} AND id IN (
            SELECT a.customer_id FROM users_event a JOIN users_event b ON b.customer_id = a.customer_id
                 AND b.type_id = {ORDERED} AND b.occurred_at > a.occurred_at
                 AND b.occurred_at <= a.occurred_at + interval '3 days' AND {within(30, "b.occurred_at")}
            WHERE a.type_id = {ADDED} AND {within(30, "a.occurred_at")})""",
    ),
    Reference(
        "in the top 10 % by revenue",
        ({"field": "top_revenue", "op": "at_most", "value": 10},),
        f"""SELECT c.id FROM users_customer c JOIN users_customervalue v ON v.customer_id = c.id
            WHERE {LIVING} AND v.top_revenue <= 10""",
    ),
    Reference(
        "put aside but not bought in 7 days",
        (
            {"event": "Product Added", "op": "did", "in_last_days": 7},
            {"event": "Order Completed", "op": "did_not", "in_last_days": 7},
        ),
        f"""SELECT c.id FROM users_customer c WHERE {LIVING}
            AND id IN (SELECT customer_id FROM users_event WHERE type_id = {ADDED} AND {within(7)})
            AND id NOT IN (SELECT customer_id FROM users_event WHERE type_id = {ORDERED} AND {within(7)})""",
    ),
    Reference(
        "nested",
        (
            {"field": "stage", "op": "is_any_of", "value": ["active", "returning"]},
            {
                "any": [
                    {"field": "revenue", "op": "at_least", "value": 30_000},
                    {"happened": "orders", "op": "did", "at_least": 2, "in_last_days": 180},
                    {"all": [{"collection": "tags", "op": "has_any_of", "value": ["tag 5"]},
                             {"event": "Product Viewed", "op": "did", "at_least": 2, "in_last_days": 30}]},
                ]
            },
        ),
        f"""SELECT c.id FROM users_customer c JOIN users_standing s ON s.customer_id = c.id
            WHERE {LIVING} AND s.stage IN ('active', 'returning') AND (
                s.revenue >= 30000
                OR c.id IN (SELECT customer_id FROM users_order WHERE counts AND {within(180, "ordered_at")}
                            GROUP BY 1 HAVING count(*) >= 2)
                OR c.id IN (SELECT t.customer_id FROM users_customertag t WHERE t.tag_id =
                                (SELECT id FROM users_tag WHERE name = 'tag 5')
                            INTERSECT SELECT customer_id FROM users_event
                            WHERE type_id = {VIEWED} AND {within(30)} GROUP BY 1 HAVING count(*) >= 2))""",
    ),
    Reference(
        "in another segment, quiet for 20 days",
        (
            {"segment": 0, "op": "in"},
            {"field": "last_activity", "op": "more_than_days_ago", "value": 20},
        ),
        f"""SELECT c.id FROM users_customer c JOIN users_standing s ON s.customer_id = c.id
            JOIN segments_membership m ON m.customer_id = c.id AND m.segment_id = %(child)s
            WHERE {LIVING} AND s.last_activity_at < %(now)s - interval '20 days'""",
    ),
)  # fmt: skip
