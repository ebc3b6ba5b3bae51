"""Titles of long work and of exports: worded when they are read, in the reader's language."""

import pytest
from django.utils import translation

from config.kit import clock, told
from tests.operators import logged_in, operator
from users.models import Export, LongJob
from users.services import long_jobs
from users.services.exports import acts

pytestmark = pytest.mark.django_db


def _export() -> Export:
    with translation.override("en"):
        return acts.ask("customers", columns=["name"], form="csv", by=operator(), now=clock.now())


def test_an_export_and_its_job_are_worded_for_who_reads_them() -> None:
    export = _export()
    assert export.job is not None
    with translation.override("en"):
        assert (str(export), str(export.job)) == (
            "Customers: All customers",
            "Export Customers: All customers",
        )
    with translation.override("zh-hans"):
        assert (str(export), str(export.job)) == ("顾客：全部顾客", "导出 顾客：全部顾客")


def test_the_lists_of_jobs_and_files_speak_chinese() -> None:
    client = logged_in(language="zh-hans")
    _export()
    for address in ("/admin/files/", "/admin/system/jobs/"):
        page = client.get(address).content.decode()
        assert "全部顾客" in page
        assert "All customers" not in page


def test_a_row_from_before_keeps_its_text() -> None:
    job = LongJob(kind="x", title="Read old.csv", parameters={"titles": "nonsense"})
    export = Export(title="Customers tagged “Old”")
    with translation.override("zh-hans"):
        assert (str(job), str(export)) == ("Read old.csv", "Customers tagged “Old”")


def test_a_plain_title_is_kept_as_it_is_and_a_long_one_cut() -> None:
    plain = long_jobs.start("x", title="Plain", by=None)
    assert (plain.title, plain.parameters) == ("Plain", {})
    long = long_jobs.start("x", title=lambda: "a" * 300, by=None, parameters={"n": 1})
    assert long.title == "a" * told.LONGEST
    assert long.parameters == {"n": 1, "titles": {"zh-hans": "a" * 200, "en": "a" * 200}}


def test_a_step_is_read_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        assert LongJob(step="Writing").step_in_words == "写入中"
        assert LongJob(step="").step_in_words == ""
