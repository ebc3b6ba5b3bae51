"""What feedback adds to the list of what sends."""

from django.utils.translation import gettext_lazy as _

from users.models import Role
from users.powers import lend

ANSWER = lend("answer", _("Answers to customers"), Role.SUPPORT)
