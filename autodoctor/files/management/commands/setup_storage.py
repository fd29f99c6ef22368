"""`manage.py setup_storage`: create the private store for uploads. May be run again."""

import json
from collections.abc import Iterator
from typing import Any, cast
from urllib.error import URLError

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from autodoctor.files import storage
from autodoctor.files.s3 import PrivateBucket

DAYS_OF_UNFINISHED = 1
# A store that speaks S3 may not know all of it.
UNKNOWN = {"NotImplemented", "MethodNotAllowed", "XNotImplemented", "NoSuchPublicAccessBlockConfiguration"}
# Supabase's takes a setting that it does not know for the creation of the bucket.
THERE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists", "ResourceAlreadyExists"}


class Command(BaseCommand):
    help = "Create the private store for uploads: the directory, or the S3 bucket with its policy."

    def handle(self, *args: Any, **options: Any) -> None:
        if storage.is_directory():
            folder = storage.directory()
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.stdout.write(f"Uploads are kept in {folder}.")
            return
        try:
            self._set_up(cast(PrivateBucket, storage.storage()))
        except (BotoCoreError, ClientError, URLError) as error:
            raise CommandError(f"The store did not take it: {error}") from error

    def _set_up(self, bucket: PrivateBucket) -> None:
        _create(bucket)
        for what, operation, parameters in _closing(bucket):
            try:
                getattr(bucket.client, operation)(Bucket=bucket.bucket_name, **parameters)
            except ClientError as error:
                if error.response["Error"]["Code"] not in UNKNOWN | THERE:
                    raise
                self.stderr.write(f"This store does not know {what}; see to it yourself.")
        if storage.is_open():
            raise CommandError("An object of this bucket can be read without a signature: it is not private.")
        self.stdout.write(f"The bucket {bucket.bucket_name} is there, and closed to everybody without our signature.")


def _create(bucket: PrivateBucket) -> None:
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": bucket.region_name}}
    try:
        bucket.client.head_bucket(Bucket=bucket.bucket_name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchBucket"}:
            raise
        bucket.client.create_bucket(
            Bucket=bucket.bucket_name, **(elsewhere if bucket.region_name != "us-east-1" else {})
        )


def _closing(bucket: PrivateBucket) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The settings that close the bucket: name, operation, parameters."""
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    yield (
        "public access blocks",
        "put_public_access_block",
        {"PublicAccessBlockConfiguration": dict.fromkeys(names, True)},
    )
    if str(bucket.endpoint_url).startswith("https:"):
        yield "bucket policies", "put_bucket_policy", {"Policy": json.dumps(_only_encrypted(bucket))}
    rule = {
        "ID": "unfinished-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": DAYS_OF_UNFINISHED},
    }
    yield "lifecycles", "put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": [rule]}}
    # Our pages alone may read what a signed address shows: to draw on a picture.
    ours = {"AllowedMethods": ["GET"], "AllowedOrigins": sorted(settings.ALLOWED_ORIGINS), "AllowedHeaders": ["*"]}
    yield "origins of pages", "put_bucket_cors", {"CORSConfiguration": {"CORSRules": [ours]}}


def _only_encrypted(bucket: PrivateBucket) -> dict[str, Any]:
    """A policy that requires TLS. (Buckets are private to begin with.)"""
    statement = {
        "Sid": "OnlyEncrypted",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket.bucket_name}", f"arn:aws:s3:::{bucket.bucket_name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
