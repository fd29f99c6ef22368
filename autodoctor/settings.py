"""Configuration from the environment. `docs/production.md` lists every variable."""

from collections.abc import Callable
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.management.utils import get_random_secret_key

from autodoctor.core import logs, password_rules
from autodoctor.core.deadlines import read_deadlines
from autodoctor.core.encryption import key_from
from autodoctor.core.env import IN_A_FILE, POOL_LEAST, Environment, MailServer, exit_with, pooled, read_keys
from autodoctor.core.file_stores import read_file_store
from autodoctor.core.model_settings import read_drafter, read_transcriber
from autodoctor.core.static_files import add_headers
from autodoctor.core.vapid_keys import new_private_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

DEBUG = env.bool("DEBUG", default=False)
DATA = Path(env.str("AUTODOCTOR_DATA", default=str(BASE_DIR / ".data")))
PORT = env.whole_number("PORT", default=8000, least=1, most=65535)
SITE_URL = env.site("SITE_URL", default=f"http://localhost:{PORT}", secure=not DEBUG)
DATA.mkdir(parents=True, exist_ok=True)


def _secret(name: str, file: str, make: Callable[[], str]) -> str:
    """Return the secret from the environment, else (development only) generate it once in the data directory."""
    given = str(env.str(name, default=""))
    if given or not DEBUG:
        return given
    kept = DATA / file
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(make())
    return kept.read_text()


SECRET_KEY = _secret("SECRET_KEY", "secret-key", get_random_secret_key)
if not SECRET_KEY:
    exit_with("SECRET_KEY is not set: give a long random string in the environment.")
# Secrets in the database are encrypted by the first; the others only read what an earlier one has encrypted. The last
# is there without being given: nobody is locked out who gives one later.
ENCRYPTION_KEYS = [*read_keys(env.str("ENCRYPTION_KEYS", default="")), key_from(SECRET_KEY)]
_host = environ.urlparse(SITE_URL).hostname or "localhost"
PROBES = ("/api/health", "/api/ready", "/metrics")  # asked for past the proxy: `core/probes.py`
ALLOWED_HOSTS = [_host, "localhost", "127.0.0.1"] if DEBUG else [_host]
CSRF_TRUSTED_ORIGINS = [SITE_URL]
# Exactly these may open a websocket.
ALLOWED_ORIGINS = {SITE_URL, f"http://localhost:{PORT}", f"http://127.0.0.1:{PORT}"} if DEBUG else {SITE_URL}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "ninja",
    "servestatic",
    "autodoctor.scripts",
    "autodoctor.scheduler",
    "autodoctor.rates",
    "autodoctor.mail",
    "autodoctor.accounts",
    "autodoctor.payments",
    "autodoctor.files",
    "autodoctor.push",
    "autodoctor.legal",
    "autodoctor.trouble_codes",
    "autodoctor.skills",
    "autodoctor.conversations",
    "autodoctor.sessions",
    "autodoctor.transcripts",
    "autodoctor.handover",
    "autodoctor.receipts",
    "autodoctor.room",
    "autodoctor.booking",
    "autodoctor.summaries",
    "autodoctor.garage",
    "autodoctor.support",
    "autodoctor.health",
    "autodoctor.operations",
]
MIDDLEWARE = [
    "autodoctor.core.compression.CompressedPages",
    "autodoctor.core.probes.ProbeHost",
    "autodoctor.core.outages.DatabaseOutage",
    "autodoctor.core.plain_http.NoPlainApi",
    "django.middleware.security.SecurityMiddleware",
    "autodoctor.accounts.session_middleware.BrowserSessions",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "autodoctor.accounts.who_acts.WhoActs",
    "autodoctor.handover.middleware.PhonePasses",
    "autodoctor.rates.web.RatesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "autodoctor.accounts.private_answers.PrivateAnswers",
    "autodoctor.core.kept_words.KeptWords",
    "autodoctor.accounts.staff_middleware.StaffSessionMiddleware",
    "autodoctor.accounts.reauthentication.ReauthenticationMiddleware",
    "autodoctor.accounts.time_zones.TimeZoneMiddleware",
    "csp.middleware.CSPMiddleware",
    "autodoctor.core.permissions_policy.PermissionsPolicy",
    "django_htmx.middleware.HtmxMiddleware",
    "autodoctor.core.errors.OwnNotFoundPage",
    "autodoctor.api.RefusalsMiddleware",
]
ROOT_URLCONF = "autodoctor.urls"
ASGI_APPLICATION = "autodoctor.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "autodoctor" / "templates"],
        "OPTIONS": {
            "loaders": ["autodoctor.core.template_loader.Loader"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "autodoctor.scripts.context.page_scripts",
                "autodoctor.legal.context.legal",
            ],
            "builtins": ["autodoctor.core.formatting", "autodoctor.core.page_parts"],
        },
    }
]

# Database: SQLite in the data directory, or whatever DATABASE_URL names.
# Other ways to the same database: the scheduler's, and the one past PgBouncer. Empty: as `DATABASE_URL` says.
CLOCK_DATABASE, DIRECT_DATABASE = dict[str, object](), dict[str, object]()
DATABASES = {"default": env.database("DATABASE_URL", default=f"sqlite:///{DATA / 'autodoctor.sqlite3'}")}
ROW_SECURITY = env.row_security("ROW_SECURITY", DATABASES["default"])  # it refuses what is not the acting person's
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"] |= IN_A_FILE
else:
    _most = env.whole_number("DATABASE_POOL", default=16, least=POOL_LEAST)
    DATABASES["default"] |= pooled(DATABASES["default"], size=_most, asks=ROW_SECURITY)
    CLOCK_DATABASE = env.other_database("CLOCK_DATABASE_URL")
    DIRECT_DATABASE = env.other_database("DIRECT_DATABASE_URL")
CACHES = {"default": {"BACKEND": "autodoctor.rates.cache.SharedCache"}}
# Redis or Valkey: carries hints between processes, so that all of them hear at once what the heartbeat finds otherwise.
REDIS_URL = env.redis("REDIS_URL")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People
AUTH_USER_MODEL = "accounts.User"
# Only one backend: a second would check every password twice.
AUTHENTICATION_BACKENDS = ["autodoctor.accounts.backend.Backend"]
AUTH_PASSWORD_VALIDATORS = password_rules.VALIDATORS
LOGIN_URL = "/sign-in/"  # no name: allauth leads there as it stands
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "autodoctor.accounts.adapter.Adapter"
ACCOUNT_FORMS = {
    "login": "autodoctor.accounts.forms.SignInForm",
    "signup": "autodoctor.accounts.forms.SignUpForm",
    "change_password": "autodoctor.accounts.forms.OtherPasswordForm",
    "reset_password_from_key": "autodoctor.accounts.forms.NewPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = True  # one account per address
ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # also makes the answers for known and unknown addresses equal
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
}
MFA_ADAPTER = "autodoctor.accounts.adapter.TwoFactorAdapter"
MFA_FORMS = {
    "add_webauthn": "autodoctor.accounts.factor_forms.PasskeyForm",
    "edit_webauthn": "autodoctor.accounts.factor_forms.PasskeyNameForm",
    "login_webauthn": "autodoctor.accounts.factor_forms.SignInByKeyForm",
    "authenticate_webauthn": "autodoctor.accounts.factor_forms.KeyForm",
    "reauthenticate_webauthn": "autodoctor.accounts.factor_forms.KeyAgainForm",
    "authenticate": "autodoctor.accounts.factor_forms.CodeForm",
    "reauthenticate": "autodoctor.accounts.factor_forms.CodeAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
MFA_TOTP_ISSUER = "The Auto Doctor"
MFA_TOTP_TOLERANCE = 1
# A fresh password or code, this many seconds old at most: for changes to sign-in, and before staff moves money.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", default=not DEBUG)  # without one staff only sets one up
STAFF_SESSION = env.int("STAFF_SESSION", default=12 * 60 * 60)  # seconds from signing in
STAFF_SESSION_IDLE = env.int("STAFF_SESSION_IDLE", default=2 * 60 * 60)  # seconds without doing anything
if not 5 * 60 <= STAFF_SESSION_IDLE <= STAFF_SESSION <= 24 * 60 * 60:
    exit_with("STAFF_SESSION_IDLE and STAFF_SESSION are seconds: five minutes at least, one day at most.")
SESSION_ENGINE = "autodoctor.accounts.session_store"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no words in a cookie
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
TRUSTED_PROXIES = env.proxies("TRUSTED_PROXIES")

# Language, time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # only complete ones: Django's own German sentences would stand in an English page
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "autodoctor.core.formats"

# Static files
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_DIRECTORY", default=str(DATA / "static")))
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [BASE_DIR / "autodoctor" / "static"]
# Made by `manage.py bundle` of the pages' scripts. Without them, or with 0, browsers load the modules one by one.
BUNDLES = BASE_DIR / ".bundles"
BUNDLED_SCRIPTS = env.bool("BUNDLED_SCRIPTS", default=True)
if BUNDLES.is_dir():
    STATICFILES_DIRS.append(("bundles", BUNDLES))
_staticfiles = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if DEBUG
    else "servestatic.storage.CompressedManifestStaticFilesStorage"
)
_files = read_file_store(env, DATA / "files" / "stored")
STORAGES = {"files": _files.backend, "staticfiles": {"BACKEND": _staticfiles}}
# On the same disk as the store, so that a file is moved there and not copied.
FILE_UPLOAD_TEMP_DIR = DATA / "files" / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
DATA_UPLOAD_MAX_MEMORY_SIZE = None  # core/request_limits.py bounds each body before Django sees it
SERVESTATIC_USE_FINDERS = DEBUG
SERVESTATIC_MAX_AGE = env.whole_number("STATIC_MAX_AGE", default=0 if DEBUG else 60, least=0)
SERVESTATIC_ADD_HEADERS_FUNCTION = add_headers
SERVESTATIC_AUTOREFRESH = DEBUG and not SERVESTATIC_MAX_AGE  # otherwise files are listed once, at the start

# Security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if not DEBUG:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [f"^{address[1:]}$" for address in PROBES]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    # No other host of the domain, and no page over http, can set these.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
_socket_origins = [origin.replace("http", "ws", 1) for origin in sorted(ALLOWED_ORIGINS)]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *_files.origins],
        "media-src": [SELF, "blob:", *_files.origins],
        "connect-src": [SELF, *_socket_origins, *_files.origins],  # a picture that is drawn on
        "form-action": [SELF, "https://checkout.stripe.com", "https://connect.stripe.com"],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# Mail: files in the data directory (development only), or the server that EMAIL_URL names.
EMAIL_TIMEOUT = 10  # seconds
_mail_is_named = bool(env.str("EMAIL_URL", default=""))
if not _mail_is_named and not DEBUG:
    exit_with("EMAIL_URL is not set: give the mail server, like smtp+tls://user:password@host:587.")
_mail = env.mail_server("EMAIL_URL") if _mail_is_named else MailServer("autodoctor.mail.demo_outbox.EmailBackend")
EMAIL_BACKEND = _mail.backend
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.use_tls, _mail.use_ssl
INBOUND_SECRET = env.user_and_password("INBOUND_SECRET")  # user:password of the service that hands over what comes in
ANYMAIL = {**_mail.anymail, "REQUESTS_TIMEOUT": EMAIL_TIMEOUT, "WEBHOOK_SECRET": INBOUND_SECRET or None}
RESEND_WEBHOOK_SECRETS = env.resend_secrets("RESEND_WEBHOOK_SECRET", fetches="RESEND_API_KEY" in _mail.anymail)
INBOUND_ADDRESS = env.mail_address("INBOUND_ADDRESS", default="") if env.str("INBOUND_ADDRESS", default="") else ""
EMAIL_FROM = DEFAULT_FROM_EMAIL = env.sender("EMAIL_FROM", default=f"The Auto Doctor <hello@{_host}>")

# Web Push: messages to browsers whose pages are closed. Off without keys.
VAPID_PRIVATE_KEY = _secret("VAPID_PRIVATE_KEY", "vapid-key", new_private_key)
VAPID_PUBLIC_KEY = env.public_key("VAPID_PUBLIC_KEY", private=VAPID_PRIVATE_KEY, must_be_given=not DEBUG)
VAPID_SUBJECT = env.mail_address("VAPID_SUBJECT", default=EMAIL_FROM)
# The services of Chrome, Edge, Samsung, Opera (Google's), Firefox, Edge on Windows, Safari. `*.`: all subdomains.
PUSH_SERVICES = env.list(
    "PUSH_SERVICES",
    default=[
        "https://fcm.googleapis.com",
        "https://jmt17.google.com",
        "https://*.push.services.mozilla.com",
        "https://*.notify.windows.com",
        "https://*.push.apple.com",
    ],
)
if not DEBUG and not all(service.startswith("https://") for service in PUSH_SERVICES):
    exit_with("PUSH_SERVICES is not a list of https addresses.")

# Payments: the sandbox unless Stripe's keys are given.
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRETS = env.list("STRIPE_WEBHOOK_SECRET", default=[])
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")  # empty: Stripe's own
STRIPE_LIVEMODE = STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
# Browsers know it: with it, cards are entered in the room. Empty: on Stripe's page, in a tab of its own.
STRIPE_PUBLISHABLE_KEY = env.str("STRIPE_PUBLISHABLE_KEY", default="" if STRIPE_SECRET_KEY else "pk_test_sandbox")
STRIPE_COUNTRY = env.country("STRIPE_COUNTRY", default="US")  # of our own account at Stripe
PAYOUT_COUNTRIES = env.dict("PAYOUT_COUNTRIES", default={STRIPE_COUNTRY: STRIPE_COUNTRY})  # where mechanics live: names
PAYMENTS_SANDBOX = not STRIPE_SECRET_KEY
if PAYMENTS_SANDBOX:
    if not DEBUG:
        exit_with("STRIPE_SECRET_KEY is not set: the payment sandbox runs in development only.")
    STRIPE_SECRET_KEY = "sk_test_sandbox"
    STRIPE_WEBHOOK_SECRETS = ["whsec_sandbox"]
    STRIPE_API_BASE = STRIPE_API_BASE or f"http://127.0.0.1:{PORT}/sandbox/stripe"
elif STRIPE_SECRET_KEY.startswith(("pk_", "whsec_")):
    exit_with("STRIPE_SECRET_KEY is not a secret or restricted key of Stripe (sk_… or rk_…).")
elif any(secret.startswith(("sk_", "rk_", "pk_", "we_")) for secret in STRIPE_WEBHOOK_SECRETS):
    exit_with("STRIPE_WEBHOOK_SECRET is no secret of a webhook (whsec_…).")
elif not STRIPE_WEBHOOK_SECRETS:
    exit_with("STRIPE_WEBHOOK_SECRET is not set: without it no payment is ever noticed.")
if STRIPE_PUBLISHABLE_KEY and not STRIPE_PUBLISHABLE_KEY.startswith("pk_live_" if STRIPE_LIVEMODE else "pk_test_"):
    exit_with("STRIPE_PUBLISHABLE_KEY is not Stripe's publishable key for the mode of STRIPE_SECRET_KEY (pk_…).")
# The seller on receipts.
SELLER_NAME = env.str("SELLER_NAME", default="The Auto Doctor")
SELLER_ADDRESS = env.str("SELLER_ADDRESS", default="")  # a semicolon begins a new line
# Who runs the site: the imprint, and the address to write to in every mail and on every page that says "write to us".
LEGAL_NAME = env.str("LEGAL_NAME", default=SELLER_NAME)
LEGAL_ADDRESS = env.str("LEGAL_ADDRESS", default=SELLER_ADDRESS)  # a semicolon begins a new line
SUPPORT_EMAIL = env.mail_address("SUPPORT_EMAIL", default=EMAIL_FROM)
MECHANIC_SHARE_PERCENT = 70
LATE_CANCEL_PERCENT = 50  # of the booking: after a late cancellation or a no-show of the customer

# The live channel: seconds. ROOM in the environment (JSON) changes them.
ROOM = {"heartbeat": 5} | env.json("ROOM", default={})
# Single limits that differ from `rates/limits.py`, by name: how many at once, and the seconds until one more.
LIMITS = env.json("LIMITS", default={})
# Calls: TURN_SECRET is coturn's `static-auth-secret`. Without any, browsers try the direct way only.
STUN_URLS = env.beginning("STUN_URLS", "stun:", "stuns:")
TURN_URLS = env.beginning("TURN_URLS", "turn:", "turns:")
TURN_SECRET = env.str("TURN_SECRET", default="")
TURN_TTL = env.int("TURN_TTL", default=60 * 60)  # seconds that a browser may open ways with its credentials
TURN_ONLY = env.bool("TURN_ONLY", default=False)  # every call by way of them: no browser learns the other's address
if TURN_ONLY and not TURN_URLS:
    exit_with("TURN_ONLY is set, but TURN_URLS names no server.")
if TURN_URLS and not TURN_SECRET:
    exit_with("TURN_SECRET is not set: the servers in TURN_URLS need it.")
if not 1 <= TURN_TTL <= 60 * 60:
    exit_with("TURN_TTL is a number of seconds, from 1 to 3600.")

# What makes text of speech (without it no transcript is offered), and what proposes lines beside our rules.
TRANSCRIBER, DRAFTER = read_transcriber(env, demo=DEBUG), read_drafter(env)

# The clock
CLOCK_HANDLERS = "autodoctor.job_registry.HANDLERS"
CLOCK_EMBEDDED = env.bool("CLOCK_EMBEDDED", default=True)  # off where `manage.py clock` runs beside the server
CRON_SECRET = env.str("CRON_SECRET", default="")
if not CRON_SECRET and not DEBUG:
    exit_with("CRON_SECRET is not set: give a long random string; external cron jobs authenticate with it.")

# Waiting times in seconds. DEADLINES in the environment (JSON) overrides single ones, also those of rules.
DEADLINES = read_deadlines(env.json("DEADLINES", default={}))

# Watching it: logs, figures, errors
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # empty: only this machine reads /metrics
# Where `manage.py clock` shows them; 0: nowhere
CLOCK_METRICS_PORT = env.whole_number("CLOCK_METRICS_PORT", default=0, least=0, most=65535)
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
    exit_with("LOG_LEVEL is none of DEBUG, INFO, WARNING, ERROR and CRITICAL.")
LOGGING = logs.configuration(readable=DEBUG and not env.bool("LOG_JSON", default=False), level=LOG_LEVEL)
if SENTRY_DSN := env.str("SENTRY_DSN", default=""):
    from autodoctor.core.error_reporting import report_to  # loaded only where there is one

    report_to(SENTRY_DSN, environment=_host)
