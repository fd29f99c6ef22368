"""Which pages may use Bluetooth, and which may ask a wallet to pay: none, but for those whose view says so."""

from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

PERMISSIONS_POLICY = "Permissions-Policy"
NO_BLUETOOTH, NO_WALLETS = "bluetooth=()", "payment=()"
NEITHER = f"{NO_BLUETOOTH}, {NO_WALLETS}"
WITH_BLUETOOTH = f"bluetooth=(self), {NO_WALLETS}"


class PermissionsPolicy(MiddlewareMixin):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault(PERMISSIONS_POLICY, NEITHER)
        return response
