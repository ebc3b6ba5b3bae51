"""What segments add to the list of what leaves the house."""

from django.utils.translation import gettext_lazy as _

from users.models import Role
from users.powers import lend

TELL = lend("webhooks", _("Webhooks that tell of segments, and audiences for platforms"), Role.OPERATOR)
