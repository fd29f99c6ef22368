"""Where uploaded files lie, as the environment says: a directory, or a private bucket of any S3 service."""

from pathlib import Path
from typing import Any, NamedTuple

from autodoctor.core.env import Environment, exit_with


class FileStore(NamedTuple):
    """`backend`: as Django's `STORAGES` wants it. `origins`: where browsers read files from, beside the site itself."""

    backend: dict[str, Any]
    origins: list[str]


def read_file_store(env: Environment, directory: Path) -> FileStore:
    """Return the bucket that `S3_BUCKET` names, or this directory."""
    bucket, region = env.str("S3_BUCKET", default=""), env.str("S3_REGION", default="us-east-1")
    endpoint = env.address("S3_ENDPOINT_URL")  # empty: Amazon's own
    keys = _keys(env)
    if not bucket:
        if endpoint or any(keys.values()):
            exit_with("S3_BUCKET is not set, but other settings of the bucket are.")
        modes = {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
        options = {"location": directory, **modes}
        return FileStore({"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}, [])
    options = {
        "bucket_name": bucket,
        "region_name": region,
        "endpoint_url": endpoint or f"https://s3.{region}.amazonaws.com",
        **keys,
        "addressing_style": "path" if endpoint else "virtual",
    }
    address = endpoint or f"https://{bucket}.s3.{region}.amazonaws.com"
    origin = "/".join(address.split("/")[:3])
    return FileStore({"BACKEND": "autodoctor.files.s3.PrivateBucket", "OPTIONS": options}, [origin])


def _keys(env: Environment) -> dict[str, str | None]:
    """Return both keys, or none: the machine's own role."""
    key, secret = (env.str(name, default="") or None for name in ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"))
    if bool(key) != bool(secret):
        exit_with("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are set together, or neither.")
    return {"access_key": key, "secret_key": secret}
