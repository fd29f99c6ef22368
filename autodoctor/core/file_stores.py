"""Where uploaded files lie, as the environment says: a directory, or a private bucket of any S3 service."""

from pathlib import Path
from typing import Any, NamedTuple

from autodoctor.core.env import Environment


class FileStore(NamedTuple):
    """`backend`: as Django's `STORAGES` wants it. `origins`: where browsers read files from, beside the site itself."""

    backend: dict[str, Any]
    origins: list[str]


def read_file_store(env: Environment, directory: Path) -> FileStore:
    """Return the bucket that `S3_BUCKET` names, or this directory."""
    bucket, region = env.str("S3_BUCKET", default=""), env.str("S3_REGION", default="us-east-1")
    endpoint = env.str("S3_ENDPOINT_URL", default="")  # empty: Amazon's own
    if not bucket:
        modes = {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
        options = {"location": directory, **modes}
        return FileStore({"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}, [])
    options = {
        "bucket_name": bucket,
        "region_name": region,
        "endpoint_url": endpoint or f"https://s3.{region}.amazonaws.com",
        "access_key": env.str("S3_ACCESS_KEY_ID", default="") or None,  # none: the machine's own role
        "secret_key": env.str("S3_SECRET_ACCESS_KEY", default="") or None,
        "addressing_style": "path" if endpoint else "virtual",
    }
    address = endpoint or f"https://{bucket}.s3.{region}.amazonaws.com"
    origin = "/".join(address.split("/")[:3])
    return FileStore({"BACKEND": "autodoctor.files.s3.PrivateBucket", "OPTIONS": options}, [origin])
