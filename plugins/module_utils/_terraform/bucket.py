# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The S3 bucket that keeps a state: found, made and hardened.

Hardening only ever makes a bucket stricter: encryption and versioning on, public access blocked; its policy and tags
are written only when it has none. So a creation that was interrupted is completed, and a bucket that somebody else set
up is not rearranged.
"""

from __future__ import annotations

import json
import typing as t

from .diagnostics import TerraformError, hint_for

PUBLIC_ACCESS = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


class Bucket:
    """A bucket of one account and region.

    Args:
        client: a boto3 client of S3 in that region; a fake in unit tests.
        name: the bucket.
        region: where it is to be.
        account: who must own it; an empty string for whoever.
        kms_key: ARN of the key that encrypts it, an empty string for S3's own.
        tags: for a bucket without tags.
    """

    def __init__(
        self,
        client: t.Any,
        name: str,
        region: str,
        account: str,
        kms_key: str = "",
        tags: t.Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._name = name
        self._region = region
        self._owner = {"ExpectedBucketOwner": account} if account else {}
        self._account = account
        self._kms_key = kms_key
        self._tags = dict(tags or {})

    def exists(self) -> bool:
        """Tell whether the bucket is there, ours and in the region.

        Raises:
            TerraformError: it is not ours, or in another region, or AWS cannot be asked.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.head_bucket(Bucket=self._name, **self._owner)
        except ClientError as exc:
            code = str(exc.response.get("Error", {}).get("Code", ""))
            if code in {"404", "NoSuchBucket"}:
                return False
            headers = {
                str(key).lower(): value
                for key, value in exc.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).items()
            }
            found = str(headers.get("x-amz-bucket-region", ""))
            if code in {"301", "PermanentRedirect"} or (code == "400" and found and found != self._region):
                raise self._elsewhere(found) from exc
            if code in {"403", "AccessDenied"}:
                raise self._foreign() from exc
            raise self._failure("look for", exc) from exc
        except BotoCoreError as exc:
            raise self._failure("look for", exc) from exc
        found = str(answer.get("BucketRegion") or "")
        if found and found != self._region:
            raise self._elsewhere(found)
        return True

    def ensure(self, change: bool) -> list[str]:
        """Make the bucket when it is missing, and harden it; return what was done, or would be without `change`.

        Raises:
            TerraformError: it is not ours, or cannot be made.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        if not self.exists():
            if not change:
                return ["made"]
            self._create()
            done = ["made"]
        else:
            done = []
        try:
            return [*done, *self._harden(change)]
        except (ClientError, BotoCoreError) as exc:
            raise self._failure("protect", exc) from exc

    def _create(self) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        # us-east-1 is the one region that must not be named.
        where = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
        parameters: dict[str, t.Any] = {"CreateBucketConfiguration": where} if where else {}
        try:
            self._client.create_bucket(Bucket=self._name, ObjectOwnership="BucketOwnerEnforced", **parameters)
        except ClientError as exc:
            code = exc.response.get("Error", {}).get("Code", "")
            if code == "BucketAlreadyOwnedByYou":
                return
            if code == "BucketAlreadyExists":
                raise self._foreign() from exc
            raise self._failure("make", exc) from exc
        except BotoCoreError as exc:
            raise self._failure("make", exc) from exc

    def _harden(self, change: bool) -> list[str]:
        steps: list[tuple[str, bool, t.Callable[[], t.Any]]] = [
            ("public access blocked", self._is_private(), self._make_private),
            ("encrypted", self._is_encrypted(), self._encrypt),
            ("versioned", self._ask("get_bucket_versioning").get("Status") == "Enabled", self._version),
            ("TLS only", bool(self._ask("get_bucket_policy", "NoSuchBucketPolicy")), self._require_tls),
            ("tagged", bool(self._ask("get_bucket_tagging", "NoSuchTagSet")) or not self._tags, self._tag),
        ]
        missing = [(name, put) for name, there, put in steps if not there]
        for _name, put in missing if change else []:
            put()
        return [name for name, _put in missing]

    def _is_private(self) -> bool:
        answer = self._ask("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
        return bool(answer.get("PublicAccessBlockConfiguration") == PUBLIC_ACCESS)

    def _is_encrypted(self) -> bool:
        answer = self._ask("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
        rules = (answer.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or []
        keys = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID", "") for rule in rules]
        return bool(rules) and (not self._kms_key or self._kms_key in keys)

    def _make_private(self) -> None:
        self._put("put_public_access_block", PublicAccessBlockConfiguration=PUBLIC_ACCESS)

    def _encrypt(self) -> None:
        rule: dict[str, t.Any] = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        if self._kms_key:
            rule = {
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self._kms_key},
                "BucketKeyEnabled": True,
            }
        self._put("put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": [rule]})

    def _version(self) -> None:
        self._put("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})

    def _require_tls(self) -> None:
        partition = self._client.meta.partition
        arn = f"arn:{partition}:s3:::{self._name}"
        statement = {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        self._put("put_bucket_policy", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def _tag(self) -> None:
        tags = [{"Key": key, "Value": value} for key, value in sorted(self._tags.items())]
        self._put("put_bucket_tagging", Tagging={"TagSet": tags})

    def _ask(self, operation: str, *absent: str) -> dict[str, t.Any]:
        """Return the answer, an empty one when the bucket has no such setting."""
        from botocore.exceptions import ClientError

        try:
            return dict(getattr(self._client, operation)(Bucket=self._name, **self._owner))
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code", "") in absent:
                return {}
            raise

    def _put(self, operation: str, **parameters: t.Any) -> None:
        getattr(self._client, operation)(Bucket=self._name, **self._owner, **parameters)

    def _foreign(self) -> TerraformError:
        owner = f"account {self._account}" if self._account else "this account"
        return TerraformError(
            f"Failed to use the bucket {self._name} for Terraform's state: AWS refuses it to {owner}. Bucket names "
            "are shared by all accounts, so it most likely belongs to another one: choose another name for bucket. If "
            "it is yours, the principal needs the permissions of docs/iam/state-bucket-policy.json."
        )

    def _elsewhere(self, found: str) -> TerraformError:
        return TerraformError(
            f"Failed to use the bucket {self._name} for Terraform's state: it is in {found or 'another region'}, and "
            f"the backend's region is {self._region}. Set region to {found or 'the right one'} in the backend's "
            "config, or choose another bucket."
        )

    def _failure(self, action: str, exc: Exception) -> TerraformError:
        hint = hint_for(str(exc)) or "See docs/terraform-state.md."
        return TerraformError(f"Failed to {action} the bucket {self._name} for Terraform's state: {exc}. {hint}")
