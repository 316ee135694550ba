"""The tables as peewee sees them; a test holds them equal to what the migrations make.

Statements take their columns from here (``statements.py``), so that a row and its columns cannot fall apart.
"""

from __future__ import annotations

import peewee
from peewee import BigIntegerField, BlobField, BooleanField, DateField, IntegerField, SmallIntegerField, TextField

DIALECT = peewee.PostgresqlDatabase(None, prefer_psycopg3=True)
"""Writes SQL; it is never connected."""


class InstantField(peewee.DateTimeField):
    """An instant with its zone."""

    field_type = "TIMESTAMPTZ"


class JsonField(peewee.Field):
    """A JSON document."""

    field_type = "JSONB"


class NumbersField(peewee.Field):
    """A list of 32-bit integers."""

    field_type = "INTEGER[]"


class BigNumbersField(peewee.Field):
    """A list of 64-bit integers."""

    field_type = "BIGINT[]"


class Table(peewee.Model):
    """What all tables share: no column of their own."""

    class Meta:
        """Tables are named as migrations name them."""

        database = DIALECT
        primary_key = False
        legacy_table_names = False


class PersonRow(Table):
    """A person of the face database."""

    person_id = TextField()
    name_sealed = BlobField()
    id_hash = BlobField()
    id_sealed = BlobField()
    collective = TextField()
    template_sealed = BlobField()
    template_version = IntegerField()
    account_id = TextField(null=True)

    class Meta:
        """Name."""

        table_name = "person"


class AccountRow(Table):
    """An account."""

    account_id = TextField()
    login_hash = BlobField()
    login_sealed = BlobField()
    password_hash = TextField()
    person_id = TextField()
    create_time = InstantField()

    class Meta:
        """Name."""

        table_name = "account"


class DeviceRow(Table):
    """A device with its two public keys."""

    auth_key_id = TextField()
    account_id = TextField()
    device_class = SmallIntegerField()
    auth_algorithm = SmallIntegerField()
    auth_key = BlobField()
    sign_key_id = TextField()
    sign_algorithm = SmallIntegerField()
    sign_key = BlobField()
    name_sealed = BlobField()
    create_time = InstantField()

    class Meta:
        """Name."""

        table_name = "device"


class LoginAttemptRow(Table):
    """The first step of a login."""

    login_id = TextField()
    account_id = TextField()
    auth_key_id = TextField()
    nonce = BlobField()
    fits = BooleanField()
    expire_time = InstantField()

    class Meta:
        """Name."""

        table_name = "login_attempt"


class SessionRow(Table):
    """A session."""

    session_id = TextField()
    account_id = TextField()
    auth_key_id = TextField()
    device_class = SmallIntegerField()
    token_hash = BlobField()
    create_time = InstantField()
    expire_time = InstantField()
    end_reason = TextField()

    class Meta:
        """Name."""

        table_name = "session"


class UploadRow(Table):
    """An upload without its pieces."""

    upload_id = TextField()
    account_id = TextField()
    size_bytes = BigIntegerField()
    sha256 = BlobField()
    received_bytes = BigIntegerField()
    expire_time = InstantField()
    used = BooleanField()

    class Meta:
        """Name."""

        table_name = "upload"


class VerificationRow(Table):
    """An issued instruction."""

    verification_id = TextField()
    account_id = TextField()
    session_id = TextField()
    auth_key_id = TextField()
    purpose = SmallIntegerField()
    transfer_id = TextField()
    contract_version = IntegerField()
    terms_digest = BlobField()
    lead_in_ms = IntegerField()
    frame_interval_ms = IntegerField()
    frame_count = IntegerField()
    action_shapes = NumbersField()
    action_holds_ms = NumbersField()
    nonce = BlobField()
    state = SmallIntegerField()
    reason = TextField()
    attempts_left = IntegerField()
    create_time = InstantField()
    expire_time = InstantField()

    class Meta:
        """Name."""

        table_name = "verification"


class JudgingRow(Table):
    """A verification that is being judged."""

    verification_id = TextField()
    until = InstantField()

    class Meta:
        """Name."""

        table_name = "judging"


class BurstRow(Table):
    """What is kept of a burst."""

    verification_id = TextField()
    frame_digests = BigNumbersField()

    class Meta:
        """Name."""

        table_name = "burst"


class ReceiptRow(Table):
    """A receipt."""

    receipt_id = TextField()
    account_id = TextField()
    session_id = TextField()
    purpose = SmallIntegerField()
    expire_time = InstantField()
    body_sealed = BlobField()
    used = BooleanField()
    ended = BooleanField()

    class Meta:
        """Name."""

        table_name = "receipt"


class CodeRow(Table):
    """A transferee's code."""

    code_hash = BlobField()
    account_id = TextField()
    auth_key_id = TextField()
    session_id = TextField()
    expire_time = InstantField()
    used = BooleanField()

    class Meta:
        """Name."""

        table_name = "code"


class TransferRow(Table):
    """A transfer."""

    transfer_id = TextField()
    state = SmallIntegerField()
    transferor_account_id = TextField()
    transferee_account_id = TextField()
    transferor_auth_key_id = TextField()
    transferee_auth_key_id = TextField()
    version = IntegerField()
    contract_id = TextField(null=True)
    comparison_number = TextField()
    create_time = InstantField()
    expire_time = InstantField()

    class Meta:
        """Name."""

        table_name = "transfer"


class DraftRow(Table):
    """One version of a transfer's contract."""

    transfer_id = TextField()
    version = IntegerField()
    body_sealed = BlobField()
    document_sealed = BlobField()
    offer_receipt_id = TextField(null=True)
    offer_signature = BlobField()

    class Meta:
        """Name."""

        table_name = "draft"


class ClaimRow(Table):
    """Land claimed by a standing offer or a contract."""

    transfer_id = TextField()
    parcel_code = TextField()
    area_m2 = BigIntegerField()
    start_date = DateField()
    end_date = DateField()

    class Meta:
        """Name."""

        table_name = "claim"


class ContractRow(Table):
    """A concluded contract."""

    contract_id = TextField()
    transfer_id = TextField()
    contract_number = TextField()
    transferor_account_id = TextField()
    transferee_account_id = TextField()
    transferor_receipt_id = TextField()
    transferee_receipt_id = TextField()
    conclude_time = InstantField()
    body_sealed = BlobField()
    document_sealed = BlobField()

    class Meta:
        """Name."""

        table_name = "contract"


class EventRow(Table):
    """An event of an inbox."""

    account_id = TextField()
    cursor = BigIntegerField()
    create_time = InstantField()
    kind = TextField()
    details = JsonField()

    class Meta:
        """Name."""

        table_name = "event"


class AnswerRow(Table):
    """A kept first answer."""

    caller = TextField()
    method = TextField()
    request_id = TextField()
    request_digest = BlobField()
    response_sealed = BlobField()
    create_time = InstantField()

    class Meta:
        """Name."""

        table_name = "answer"


TABLES: tuple[type[Table], ...] = (
    PersonRow, AccountRow, DeviceRow, LoginAttemptRow, SessionRow, UploadRow, VerificationRow, BurstRow, ReceiptRow,
    CodeRow, TransferRow, DraftRow, ClaimRow, ContractRow, EventRow, AnswerRow,
)  # fmt: skip
"""All models."""
