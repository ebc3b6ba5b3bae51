"""What campaigns add to the list of what sends."""

from django.utils.translation import gettext_lazy as _

from users.models import Role
from users.powers import lend

START = lend("start", _("Starting a campaign, and sending a test"), Role.OPERATOR)
APPROVE = lend("approve", _("Approving a campaign"), Role.APPROVER)
