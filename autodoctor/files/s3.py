"""A private S3 bucket: we write objects, and readers use signed addresses."""

from types import SimpleNamespace
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage


class PrivateBucket(S3Storage):  # type: ignore[misc] # the library has no types
    failures = (BotoCoreError, ClientError, Boto3Error)

    def __init__(self, *, addressing_style: str, **options: Any) -> None:
        """`addressing_style`: whether the bucket is part of the `path` or of the host (`virtual`)."""
        # Newer clients add a checksum behind the body, which services other than Amazon's do not all take.
        checksums = "when_supported" if addressing_style == "virtual" else "when_required"
        config = Config(
            request_checksum_calculation=checksums,
            response_checksum_validation=checksums,
            signature_version="s3v4",
            s3={"addressing_style": addressing_style},
            connect_timeout=5,  # seconds
            read_timeout=30,
            retries={"mode": "standard", "max_attempts": 3},
        )
        super().__init__(client_config=config, querystring_auth=True, file_overwrite=True, **options)
        # One client for all threads: every request has its own thread, and making a client takes 0.1 s.
        self._connections = SimpleNamespace()

    def look(self) -> None:
        """Check that the bucket exists and is usable. Raises one of `failures`."""
        self.client.head_bucket(Bucket=self.bucket_name)

    @property
    def client(self) -> Any:
        return self.connection.meta.client
