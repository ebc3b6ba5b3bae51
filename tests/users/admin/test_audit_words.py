"""What the trail says of acts whose names are put together in the code."""

import pytest
from django.utils import translation

from users.admin.audit import words_of
from users.admin.told import value_words


@pytest.mark.parametrize(
    ("act", "chinese"),
    [
        ("import.check", "导入：试算"),
        ("import.run", "导入：已执行"),
        ("import.undo", "导入：已撤销"),
        ("import.upload", "导入：已上传"),
    ],
)
def test_acts_of_imports_have_words(act: str, chinese: str) -> None:
    assert "." not in words_of(act)
    with translation.override("zh-hans"):
        assert words_of(act) == chinese


def test_codes_and_nothing_have_words() -> None:
    with translation.override("zh-hans"):
        told = [value_words("channel", "email"), value_words("kind", "rule"), value_words("folder", "")]
    assert told == ["电子邮件", "规则", "–"]


@pytest.mark.parametrize("kind", ["consents", "costs", "customers", "list_members", "orders", "tags"])
def test_kinds_of_files_have_words(kind: str) -> None:
    with translation.override("zh-hans"):
        assert value_words("kind", kind) != kind
