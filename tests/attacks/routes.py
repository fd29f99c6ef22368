"""Every address of the site and who may call it, listed by hand: an unlisted address fails the test.

`access` is the view's guard. The statuses are answers to GET, for: a signed-out visitor, customer, mechanic, stranger,
support. The session is a live session of the customer and the mechanic; 302 for a signed-out visitor leads to sign-in.
"""

ROLES = ("nobody", "customer", "mechanic", "stranger", "support")
Row = tuple[str, tuple[int, int, int, int, int]]

EVERYBODY = (200, 200, 200, 200, 200)
FOUND_BY_NOBODY = (404, 404, 404, 404, 404)
GONE = (410, 410, 410, 410, 410)
POST_ONLY = (405, 405, 405, 405, 405)
MOVED = (301, 301, 301, 301, 301)
ONWARD = (302, 302, 302, 302, 302)
WHOEVER_IS_SIGNED_IN = (302, 200, 200, 200, 200)
SIGNED_IN_POST = (302, 405, 405, 405, 405)
SIGNED_IN_NOTHING_THERE = (302, 404, 404, 404, 404)
WITHOUT_SIGNATURE = (403, 403, 403, 403, 403)
NOT_SERVING = (503, 503, 503, 503, 503)  # the tests' process runs no live channel
VISITORS = (200, 302, 302, 302, 302)
STAFF = (302, 404, 404, 404, 200)
STAFF_POST = (302, 404, 404, 404, 405)
STAFF_NOTHING_THERE = (302, 404, 404, 404, 404)
TAKES_PART = (302, 200, 200, 404, 200)

PAGES: dict[str, Row] = {
    "/": ("anyone", EVERYBODY),
    "/favicon.ico": ("anyone", MOVED),
    "/legal/<slug>/": ("anyone", EVERYBODY),
    "/help/": ("anyone", (200, 200, 200, 200, 302)),  # support has a desk of its own
    "/help/open/": ("anyone", FOUND_BY_NOBODY),
    "/help/<conversation_id>/": ("anyone", SIGNED_IN_NOTHING_THERE),
    "/help/<conversation_id>/files/<file_id>/": ("anyone", SIGNED_IN_NOTHING_THERE),
    "/help/<conversation_id>/files/<file_id>/thumbnail/": ("anyone", SIGNED_IN_NOTHING_THERE),
    "/help/<conversation_id>/confirm/": ("anyone", POST_ONLY),
    "/tell-me-when/": ("anyone", POST_ONLY),
    "/tell-me-when/confirm/": ("anyone", GONE),  # without a token
    "/book/": ("anyone", EVERYBODY),
    "/check/": ("anyone", EVERYBODY),
    "/book/vin/": ("anyone", EVERYBODY),
    "/book/trouble-codes/": ("anyone", EVERYBODY),
    "/book/charge/": ("anyone", FOUND_BY_NOBODY),  # without a plan
    "/outbox/": ("anyone", FOUND_BY_NOBODY),  # without DEBUG
    "/outbox/<name>/": ("anyone", FOUND_BY_NOBODY),
    "/outbox/<name>/html/": ("anyone", FOUND_BY_NOBODY),
    "/outbox/<name>/attachments/<number>/": ("anyone", FOUND_BY_NOBODY),
    "/sessions/open/": ("signed_in", ONWARD),
    "/summaries/last/": ("signed_in", (302, 204, 204, 204, 204)),  # without a summary
    "/dashboard/": ("signed_in", (302, 200, 200, 200, 302)),  # support has a desk of its own
    "/dashboard/sessions/": ("signed_in", WHOEVER_IS_SIGNED_IN),
    "/dashboard/summaries/": ("mechanic_only", (302, 404, 200, 404, 404)),
    "/dashboard/queue/": ("mechanic_only", (302, 404, 200, 404, 404)),
    "/dashboard/earnings/": ("mechanic_only", (302, 404, 200, 404, 404)),
    "/dashboard/earnings.csv": ("mechanic_only", (302, 404, 200, 404, 404)),
    "/dashboard/earnings/account/": ("mechanic_only", (302, 404, 405, 404, 404)),
    "/dashboard/earnings/account/done/": ("mechanic_only", (302, 404, 302, 404, 404)),
    "/(customer|mechanic)/dashboard": ("anyone", MOVED),
    "/mechanic/login": ("anyone", MOVED),
    "/account/card/": ("customer_only", (302, 200, 404, 200, 404)),
    "/garage/": ("signed_in", WHOEVER_IS_SIGNED_IN),
    "/garage/add/": ("signed_in", WHOEVER_IS_SIGNED_IN),
    "/garage/<vehicle_id>/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/garage/<vehicle_id>/edit/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/garage/<vehicle_id>/remove/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/garage/<vehicle_id>/advice/": ("signed_in", SIGNED_IN_POST),
    "/garage/<vehicle_id>/mileage/": ("signed_in", SIGNED_IN_POST),
    "/garage/<vehicle_id>/sessions/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/garage/<vehicle_id>/merge/": ("signed_in", SIGNED_IN_POST),
    "/garage/<vehicle_id>/links/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/garage/<vehicle_id>/links/<link_id>/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/garage/<vehicle_id>/links/<link_id>/revoke/": ("signed_in", SIGNED_IN_POST),
    "/garage/shared/<token>/": ("anyone", FOUND_BY_NOBODY),  # without a link
    "/garage/shared/<token>/files/<file_id>/": ("anyone", FOUND_BY_NOBODY),
    "/garage/shared/<token>/files/<file_id>/thumbnail/": ("anyone", FOUND_BY_NOBODY),
    "/handover/": ("anyone", EVERYBODY),
    "/handover/<code>/": ("anyone", EVERYBODY),  # whatever the code: only asking with it tells
    "/mechanics/apply/": ("signed_in", WHOEVER_IS_SIGNED_IN),
    "/mechanics/skills/": ("mechanic_only", (302, 404, 200, 404, 404)),
    "/mechanics/taking-sessions/": ("mechanic_only", (302, 404, 405, 404, 404)),
    "/mechanics/<mechanic_id>/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/mechanics/<mechanic_id>/favorite/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/": ("signed_in", TAKES_PART),
    "/sessions/<session_id>/panel/": ("signed_in", TAKES_PART),
    "/sessions/<session_id>/transcript/": ("signed_in", TAKES_PART),
    "/sessions/<session_id>/transcript/agreement/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/checkout/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/extension/": ("signed_in", SIGNED_IN_NOTHING_THERE),  # nothing was added
    "/sessions/<session_id>/extension/page/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/more-time/": ("signed_in", (302, 200, 200, 404, 404)),
    "/sessions/<session_id>/accept/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/release/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/start/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/end/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/cancel/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/substitute/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/solved/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/help/": ("signed_in", (302, 200, 200, 404, 404)),
    "/sessions/<session_id>/help/thread/": ("signed_in", (302, 200, 200, 404, 404)),
    "/sessions/<session_id>/rating/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/question/": ("signed_in", SIGNED_IN_NOTHING_THERE),  # before the end
    "/sessions/<session_id>/follow-up/": ("signed_in", SIGNED_IN_NOTHING_THERE),  # before the end
    "/follow-up/": ("anyone", FOUND_BY_NOBODY),  # without a signature
    "/sessions/<session_id>/files/<file_id>/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/sessions/<session_id>/files/<file_id>/thumbnail/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/sessions/<session_id>/help/files/<file_id>/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/sessions/<session_id>/help/files/<file_id>/thumbnail/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/files/<file_id>/<rendition>/": ("anyone", WITHOUT_SIGNATURE),
    "/sessions/<session_id>/receipt/": ("signed_in", SIGNED_IN_NOTHING_THERE),  # before the end
    "/sessions/<session_id>/receipt.pdf": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/sessions/<session_id>/documents/<document_id>.pdf": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/sessions/<session_id>/summary/": ("signed_in", SIGNED_IN_NOTHING_THERE),  # before the end
    "/sessions/<session_id>/summary/draft/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/summary/proposals/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/summary/preview/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/sessions/<session_id>/summary/corrections/": ("signed_in", SIGNED_IN_POST),
    "/sessions/<session_id>/summary/summary.pdf": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/sessions/<session_id>/summary/workshop/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/sessions/<session_id>/summary/parts/<position>/": ("signed_in", SIGNED_IN_POST),
    "/support/": ("support_only", STAFF),
    "/support/open/": ("support_only", STAFF),
    "/support/sessions/<session_id>/": ("support_only", STAFF),
    "/support/sessions/<session_id>/alerts/<seq>/": ("support_only", STAFF_POST),
    "/support/conversations/<conversation_id>/": ("support_only", STAFF_NOTHING_THERE),
    "/support/search/": ("support_only", STAFF),
    "/support/people/<user_id>/": ("support_only", STAFF_NOTHING_THERE),
    "/support/jobs/": ("support_only", STAFF),
    "/support/jobs/<job_id>/": ("support_only", STAFF_POST),
    "/support/money/": ("support_only", STAFF),
    "/support/mechanics/": ("support_only", STAFF),
    "/support/mechanics/<profile_id>/": ("support_only", STAFF_POST),
    "/support/numbers/": ("support_only", STAFF),
    "/support/numbers/numbers.csv": ("support_only", STAFF),
    "/support/sessions/<session_id>/help/": ("support_only", STAFF),
    "/support/sessions/<session_id>/live/": ("support_only", STAFF),
    "/support/sessions/<session_id>/evidence.pdf": ("support_only", STAFF),
    "/support/sessions/<session_id>/evidence.zip": ("support_only", STAFF),
    "/support/sessions/<session_id>/<name>/": ("support_only", (302, 404, 404, 404, 405)),
    "/chat/<session_id>": ("anyone", MOVED),
    "/video/<session_id>": ("anyone", MOVED),
    "/diagnostic/<session_id>": ("anyone", MOVED),
    "/chat/<session_id>/": ("anyone", MOVED),
    "/video/<session_id>/": ("anyone", MOVED),
    "/diagnostic/<session_id>/": ("anyone", MOVED),
    "/sign-in/": ("anyone", VISITORS),
    "/sign-up/": ("anyone", VISITORS),
    "/sign-out/": ("anyone", (302, 200, 200, 200, 200)),
    "/account/": ("signed_in", WHOEVER_IS_SIGNED_IN),
    "/account/sign-out-elsewhere/": ("signed_in", SIGNED_IN_POST),
    "/account/devices/": ("signed_in", WHOEVER_IS_SIGNED_IN),
    "/account/devices/<subscription_id>/remove/": ("signed_in", SIGNED_IN_POST),
    "/service-worker.js": ("anyone", EVERYBODY),
    "/offline/": ("anyone", EVERYBODY),
    "/account/inactive/": ("anyone", EVERYBODY),
    "/account/reauthenticate/": ("signed_in", WHOEVER_IS_SIGNED_IN),
    "/account/email/": ("signed_in", WHOEVER_IS_SIGNED_IN),
    "/account/confirm-email/": ("anyone", ONWARD),
    "/account/password/change/": ("signed_in", WHOEVER_IS_SIGNED_IN),
    "/account/password/set/": ("signed_in", ONWARD),  # everybody has one
    "/account/password/reset/": ("anyone", EVERYBODY),
    "/account/password/reset/confirm/": ("anyone", ONWARD),  # without having asked for it
    "/account/password/reset/complete/": ("anyone", ONWARD),
    "/account/password/reset/done/": ("anyone", EVERYBODY),
    "/account/two-factor/": ("signed_in", WHOEVER_IS_SIGNED_IN),
    "/account/two-factor/authenticate/": ("anyone", ONWARD),
    "/account/two-factor/reauthenticate/": ("signed_in", ONWARD),
    "/account/two-factor/totp/activate/": ("signed_in", ONWARD),  # the password first
    "/account/two-factor/totp/deactivate/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/account/two-factor/recovery-codes/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/account/two-factor/recovery-codes/generate/": ("signed_in", ONWARD),
    "/account/two-factor/recovery-codes/download/": ("signed_in", SIGNED_IN_NOTHING_THERE),
    "/account/two-factor/webauthn/": ("signed_in", WHOEVER_IS_SIGNED_IN),
    "/account/two-factor/webauthn/add/": ("signed_in", ONWARD),
    "/account/two-factor/webauthn/reauthenticate/": ("signed_in", ONWARD),
    "/account/two-factor/webauthn/keys/<pk>/remove/": ("signed_in", ONWARD),
    "/account/two-factor/webauthn/keys/<pk>/edit/": ("signed_in", ONWARD),
    "/account/two-factor/webauthn/login/": ("anyone", ONWARD),
    "/api/stripe/webhook": ("anyone", POST_ONLY),  # asks for Stripe's signature
    "/mail/inbound/postmark/": ("anyone", POST_ONLY),  # asks for the secret in the address
    "/mail/events/postmark/": ("anyone", POST_ONLY),
    "/mail/events/resend/": ("anyone", POST_ONLY),  # asks for Resend's signature
    "/metrics": ("anyone", EVERYBODY),  # the tests ask from this machine, and no token is set
}

# Operations of the API, by the `access` of what lets people in; empty: open to anybody. Answers to a request with
# contains only the CSRF token, for the same five people.
OPERATIONS: dict[str, Row] = {
    "GET /api/health": ("", EVERYBODY),
    "GET /api/ready": ("", NOT_SERVING),
    "GET /api/codes": ("", (422, 422, 422, 422, 422)),  # without a text
    "GET /api/sessions": ("signed_in", (401, 200, 200, 200, 200)),
    "POST /api/vin": ("anyone", EVERYBODY),  # of any page of ours; nothing is kept
    "POST /api/sessions": ("signed_in", (401, 422, 422, 422, 422)),
    "GET /api/sessions/<session_id>": ("signed_in", (401, 200, 200, 404, 200)),
    "GET /api/sessions/<session_id>/events": ("signed_in", (401, 200, 200, 404, 200)),
    "GET /api/sessions/<session_id>/ice-servers": ("signed_in", (401, 200, 200, 404, 403)),
    "POST /api/sessions/<session_id>/messages": ("signed_in", (401, 422, 422, 422, 422)),
    "POST /api/sessions/<session_id>/accept": ("signed_in", (401, 403, 200, 404, 403)),
    "POST /api/sessions/<session_id>/release": ("signed_in", (401, 409, 409, 404, 422)),
    "POST /api/sessions/<session_id>/start": ("signed_in", (401, 403, 200, 404, 403)),
    "POST /api/sessions/<session_id>/cancel": ("signed_in", (401, 409, 403, 404, 409)),
    "POST /api/sessions/<session_id>/substitute": ("signed_in", (401, 409, 422, 404, 422)),
    "POST /api/sessions/<session_id>/solved": ("signed_in", (401, 422, 422, 422, 422)),
    "POST /api/sessions/<session_id>/end": ("signed_in", (401, 200, 200, 404, 200)),
    "GET /api/sessions/<session_id>/extensions": ("signed_in", (401, 200, 200, 404, 200)),
    "POST /api/sessions/<session_id>/extensions": ("signed_in", (401, 422, 422, 422, 422)),
    "POST /api/sessions/<session_id>/extensions/<payment_id>/card": ("signed_in", (401, 404, 403, 404, 403)),
    "POST /api/sessions/<session_id>/extensions/<payment_id>/confirmed": ("signed_in", (401, 404, 403, 404, 403)),
    "DELETE /api/sessions/<session_id>/extensions/<payment_id>": ("signed_in", (401, 404, 403, 404, 403)),
    "POST /api/sessions/<session_id>/allowance": ("signed_in", (401, 422, 422, 422, 422)),
    "POST /api/sessions/<session_id>/preflight": ("signed_in", (401, 422, 422, 422, 422)),
    "POST /api/sessions/<session_id>/stills": ("signed_in", (401, 403, 409, 404, 403)),  # a chat has no camera
    "POST /api/sessions/<session_id>/stills/consent": ("signed_in", (401, 422, 422, 422, 422)),
    "POST /api/sessions/<session_id>/stills/<still_id>/failure": ("signed_in", (401, 422, 422, 422, 422)),
    "POST /api/check/upload": ("anyone", (204, 204, 204, 204, 204)),  # of any page of ours; nothing is kept
    "GET /api/sessions/<session_id>/help": ("signed_in", (401, 200, 200, 404, 403)),
    "POST /api/sessions/<session_id>/help": ("signed_in", (401, 422, 422, 422, 422)),
    "GET /api/help": ("signed_in", (401, 200, 200, 200, 403)),
    "POST /api/help": ("signed_in", (401, 422, 422, 422, 422)),
    "GET /api/help/<conversation_id>": ("signed_in", (401, 404, 404, 404, 403)),
    "POST /api/help/<conversation_id>": ("signed_in", (401, 422, 422, 422, 422)),
    "GET /api/sessions/<session_id>/transcript": ("signed_in", (401, 200, 200, 404, 200)),
    "POST /api/sessions/<session_id>/voice": ("signed_in", (401, 422, 422, 422, 422)),
    "GET /api/sessions/<session_id>/files": ("signed_in", (401, 200, 200, 404, 200)),
    "POST /api/sessions/<session_id>/files": ("signed_in", (401, 422, 422, 422, 422)),
    "DELETE /api/sessions/<session_id>/files/<file_id>": ("signed_in", (401, 404, 404, 404, 404)),
    "POST /api/sessions/<session_id>/uploads": ("signed_in", (401, 422, 422, 422, 422)),
    "GET /api/sessions/<session_id>/uploads/<upload_id>": ("signed_in", (401, 409, 404, 404, 403)),
    "PATCH /api/sessions/<session_id>/uploads/<upload_id>": ("signed_in", (401, 422, 422, 422, 422)),
    "DELETE /api/sessions/<session_id>/uploads/<upload_id>": ("signed_in", (401, 404, 404, 404, 404)),
    "GET /api/sessions/<session_id>/summary": ("signed_in", (401, 404, 404, 404, 404)),
    "POST /api/sessions/<session_id>/summary": ("signed_in", (401, 422, 422, 422, 422)),
    "POST /api/push/subscriptions": ("signed_in", (401, 422, 422, 422, 422)),
    "DELETE /api/push/subscriptions/<subscription_id>": ("signed_in", (401, 404, 404, 404, 404)),
    "POST /api/sessions/<session_id>/handover": ("signed_in", (401, 409, 409, 404, 403)),
    "DELETE /api/sessions/<session_id>/handover": ("signed_in", (401, 204, 204, 404, 403)),
    "POST /api/sessions/<session_id>/handover/answer": ("signed_in", (401, 422, 422, 422, 422)),
    "POST /api/handover/<code>": ("anyone", FOUND_BY_NOBODY),  # a guess
    "GET /api/queue": ("mechanic", (401, 404, 200, 404, 404)),
    "GET /api/cron/monitor-sessions": ("cron", (401, 401, 401, 401, 401)),
    "POST /api/cron/monitor-sessions": ("cron", (401, 401, 401, 401, 401)),
}
# Whatever support can do: whether it needs a fresh password or code, and why. What does moves money, refuses a person,
# hands out evidence, or changes what everybody pays or may. An action of a session's page stands behind its address.
FRESH, ANY_TIME = True, False
STAFF_ACTS: dict[str, tuple[bool, str]] = {
    "POST /support/sessions/<session_id>/alerts/<seq>/": (ANY_TIME, "says who looks after an alert"),
    "POST /support/people/<user_id>/": (FRESH, "bans a person, or lets them in again"),
    "POST /support/jobs/<job_id>/": (FRESH, "a job may be a charge, a refund or a payout"),
    "POST /support/money/": (FRESH, "moves what stands still, and takes back what a mechanic owes"),
    "POST /support/mechanics/<profile_id>/": (FRESH, "decides who is a mechanic"),
    "POST /support/sessions/<session_id>/help/": (ANY_TIME, "answers a question"),
    "POST /support/conversations/<conversation_id>/": (ANY_TIME, "answers a question outside a session"),
    "GET /support/sessions/<session_id>/evidence.pdf": (FRESH, "takes names, words and the charge out of the house"),
    "GET /support/sessions/<session_id>/evidence.zip": (FRESH, "takes every file of the session out of the house"),
    "POST /support/sessions/<session_id>/<name>/ message": (ANY_TIME, "says something"),
    "POST /support/sessions/<session_id>/<name>/ extend": (ANY_TIME, "gives time, which costs nobody anything"),
    "POST /support/sessions/<session_id>/<name>/ assign": (ANY_TIME, "asks another mechanic; no money moves"),
    "POST /support/sessions/<session_id>/<name>/ substitute": (
        FRESH,
        "takes a running session from a mechanic, for good",
    ),
    "POST /support/sessions/<session_id>/<name>/ release": (FRESH, "takes a request from a mechanic, for good"),
    "POST /support/sessions/<session_id>/<name>/ cancel": (FRESH, "gives the whole hold back"),
    "POST /support/sessions/<session_id>/<name>/ end": (FRESH, "charges the time used, and gives the rest back"),
    "POST /support/sessions/<session_id>/<name>/ refund": (FRESH, "gives money back"),
    "POST /support/sessions/<session_id>/<name>/ resend": (ANY_TIME, "sends a customer what they have"),
    "POST /api/sessions/<session_id>/release": (FRESH, "like the action of the page"),
    "POST /api/sessions/<session_id>/cancel": (FRESH, "like the action of the page"),
    "POST /api/sessions/<session_id>/substitute": (FRESH, "like the action of the page"),
    "POST /api/sessions/<session_id>/end": (FRESH, "like the action of the page"),
    "POST /admin/": (FRESH, "prices, waiting times, roles, second factors: every form of the admin"),
}
# The description of the API and its start, which the framework adds.
FRAMEWORK: dict[str, tuple[int, int, int, int, int]] = {
    "/api/openapi.json": EVERYBODY,
    "/api/docs": EVERYBODY,
    "/api/": FOUND_BY_NOBODY,
}

# Below /admin/ everything is for support; a table that is new there has to be listed all the same.
ADMIN_TABLES = {
    "auth/group",
    "account/emailaddress",
    "mfa/authenticator",
    "scheduler/job",
    "autodoctor_sessions/ruletime",
    "accounts/user",
    "accounts/mechanicprofile",
    "accounts/notify",
    "payments/dispute",
    "payments/moneyalarm",
    "payments/payment",
    "payments/refund",
    "payments/stripecustomer",
    "payments/stripeevent",
    "payments/earning",
    "payments/payoutaccount",
    "files/storedfile",
    "booking/plan",
    "booking/extensionoption",
    "booking/vehicle",
    "skills/skill",
    "summaries/summary",
    "receipts/document",
}
ADMIN_PAGES = {
    "",
    "login/",
    "logout/",
    "password_change/",
    "password_change/done/",
    "autocomplete/",
    "jsi18n/",
    "r/<content_type_id>/<object_id>/",
    "<app_label>/",
    "<url>",
}
ADMIN_PAGES_OF_A_TABLE = {
    "",
    "add/",
    "<object_id>/history/",
    "<object_id>/delete/",
    "<object_id>/change/",
    "<object_id>/",
}
