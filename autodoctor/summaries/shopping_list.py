"""The parts of a summary as a list to buy from: what is ticked off, and what the rest costs. Amounts in cents."""

from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from autodoctor.payments.formatting import format_cents
from autodoctor.summaries.models import Part, Summary


@dataclass(frozen=True)
class ShoppingList:
    summary: Summary

    @cached_property
    def parts(self) -> list[Part]:
        return list(self.summary.parts.all())

    @property
    def words(self) -> str:
        """Return how much is left to buy: "2 of 3 parts to buy, about $21.40"."""
        left = [part for part in self.parts if part.bought_at is None]
        if not left:
            return _("You have everything.")
        counted = ngettext("%(left)d of %(all)d part to buy", "%(left)d of %(all)d parts to buy", len(self.parts)) % {
            "left": len(left),
            "all": len(self.parts),
        }
        cents = sum(part.line.total_cents or 0 for part in left)
        if not cents:
            return counted
        cost = format_cents(cents, self.summary.session.currency)
        return _("%(counted)s, about %(cost)s") % {"counted": counted, "cost": cost}
