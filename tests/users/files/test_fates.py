"""What the dry run says of a row is what a plain reading of the file says, and what then happens."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.kit import clock
from tests.users.door import identify, send
from tests.users.files.hands import checked, everything, fates, run, undo
from users.models import Customer

pytestmark = pytest.mark.django_db

People = dict[str, dict[str, Any]]
HEAD = ("user_id", "name", "city", "birthday", "email")
KNOWN: People = {
    "u1": {"name": "Ada", "city": "Oslo", "birthday": "1990-02-03", "email": {"ada@example.com"}},
    "u2": {"name": "Bo", "city": "", "birthday": "", "email": set()},
}
ROW = st.tuples(
    st.sampled_from(["u1", "u2", "u3", "u4", " u1 ", ""]),
    st.sampled_from(["", "Ada", "Bo", "Cai"]),
    st.sampled_from(["", "Oslo", "Rome"]),
    st.sampled_from(["", "1990-02-03", "1991/1/2", "1990-13-45"]),
    st.sampled_from(["", "ada@example.com", "Cai@Example.com", "no address"]),
)
ISO = {"1991/1/2": "1991-01-02"}


def read(rows: list[tuple[str, ...]]) -> tuple[list[str], People]:
    """The fates of the rows and the people afterwards, read row by row as somebody with a pencil would."""
    people = {user: {**told, "email": set(told["email"])} for user, told in KNOWN.items()}
    judged: list[str] = []
    seen: set[str] = set()
    for user, name, city, birthday, email in ((row[0].strip(), *row[1:]) for row in rows):
        if not user or birthday == "1990-13-45" or email == "no address":
            judged.append("refused")
            continue
        if user in seen:
            judged.append("duplicate")
            continue
        seen.add(user)
        is_new = user not in people
        person = people.setdefault(user, {"name": "", "city": "", "birthday": "", "email": set()})
        before = {**person, "email": set(person["email"])}
        for field, value in (("name", name), ("city", city), ("birthday", ISO.get(birthday, birthday))):
            person[field] = value or person[field]
        person["email"] |= {email.lower()} - {""}
        judged.append("new" if is_new else "unchanged" if person == before else "changes")
    return judged, people


def on_record() -> People:
    found = Customer.objects.prefetch_related("contact_points")
    return {
        one.user_id or "": {
            "name": one.name,
            "city": one.city,
            "birthday": str(one.birthday or ""),
            "email": {point.address for point in one.contact_points.all()},
        }
        for one in found
    }


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW.filter(any), min_size=1, max_size=8))
def test_the_dry_run_the_outcome_and_the_undoing(rows: list[tuple[str, ...]]) -> None:
    with transaction.atomic():
        at = clock.now() - timedelta(days=9)
        send(
            identify(
                at=at, user="u1", name="Ada", address={"city": "Oslo"}, birthday="1990-02-03",
                email="ada@example.com",
            ),
            identify(at=at, user="u2", name="Bo"),
        )  # fmt: skip
        before = everything()
        expected, people = read(rows)
        file = checked("customers", HEAD, *rows)
        assert [fate for _no, fate, _code in fates(file)] == expected
        assert everything() == before
        run(file)
        assert [fate for _no, fate, _code in fates(file)] == expected
        assert on_record() == people
        if {"new", "changes"} & set(expected):
            undo(file)
            assert everything() == before
        transaction.set_rollback(True)
