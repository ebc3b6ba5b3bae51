"""What was picked on the list of customers goes on as a group: to the page of an act that an app lends."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit.admin import OperatorPage
from config.kit.parts import Crumb
from config.kit.refusal import Refusal
from users.groups import read_group
from users.groups.listed import MOST_PICKED, spec_of_picked
from users.pages import group_acts


class PickedCustomers(OperatorPage):
    """Leads on from the list with the customers picked there; shows nothing of its own and changes nothing.

    ``ids``: those picked; or ``all`` with the group that the list shows; ``act``: what to do, by its name.
    """

    title = gettext_lazy("Customers picked")

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the list."""
        return [Crumb(gettext_lazy("Customers"), reverse("users:customers"))]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """On to the act; the page there asks who may do it and says how many it is about."""
        act = group_acts.get(request.GET.get("act", ""))
        if act is None:
            raise Refusal("unknown_act", _("Choose what to do with the customers picked."))
        spec = request.GET.get("listed", "") if request.GET.get("all") else self._picked()
        read_group(spec, self.now)
        return HttpResponseRedirect(f"{reverse(act.page)}?{urlencode({'group': spec})}")

    def _picked(self) -> str:
        texts = self.request.GET.getlist("ids")
        if not texts:
            raise Refusal(
                "none_picked", _("Nobody is picked. Tick customers on the list, or all that match.")
            )
        if len(texts) > MOST_PICKED or not all(one.isdecimal() and len(one) < 19 for one in texts):
            raise Refusal(
                "too_many",
                _("At most %(n)s customers can be picked one by one.") % {"n": MOST_PICKED},
            )
        return spec_of_picked(sorted({int(one) for one in texts}))
