"""The reasons for giving a request back, by role."""

from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import Role

RELEASE_REASONS = {
    Role.MECHANIC: {
        "not_my_field": _("This is not my field"),
        "no_time": _("Something came up"),
        "customer_away": _("The customer does not join"),
        "other": _("Another reason"),
    },
    Role.CUSTOMER: {
        "mechanic_away": _("The mechanic does not join"),
        "no_answer": _("I get no answer"),
        "other": _("Another reason"),
    },
}
