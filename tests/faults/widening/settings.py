"""The settings of the shop with this app in it."""

from config.settings import *  # noqa: F403 - a settings file on top of another
from config.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = [*OURS, "tests.faults.widening"]
