"""Names that Regulars gave are read in the reader's language; those of operators stand as they are."""

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy
from pytest_django.fixtures import Settings as SettingsWrapper

from config.kit import given_names
from config.kit.given_names import as_read


@pytest.mark.parametrize("kept", ["Dormant customers", "沉睡顾客"])
def test_a_name_of_ours_is_said_in_the_language_of_the_reader(kept: str) -> None:
    with translation.override("en"):
        english = as_read(kept)
    with translation.override("zh-hans"):
        chinese = as_read(kept)
    assert (english, chinese) == ("Dormant customers", "沉睡顾客")


def test_a_name_of_somebodys_stays() -> None:
    with translation.override("zh-hans"):
        assert as_read("Call  personally, please") == "Call  personally, please"


def test_names_of_the_demo_are_nobodys_elsewhere(settings: SettingsWrapper) -> None:
    settings.DEMO = False
    given_names.give_in_demo(gettext_lazy("Rule"))
    with translation.override("zh-hans"):
        assert as_read("Rule") == "Rule"
