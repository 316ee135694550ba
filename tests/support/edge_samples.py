"""A good request and a good result for every method, to be bent by tests of the edge."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from google.protobuf.message import Message
from support.land import OTHER, OWNER, lease, parcel

from landseal.admin.v1 import admin_pb2
from landseal.capture.v1 import capture_pb2
from landseal.common.v1 import common_pb2
from landseal.contract.v1 import contract_pb2
from landseal.inbox.v1 import inbox_pb2
from landseal.land.v1 import land_pb2
from landseal.server.domain.contract import Contract, ContractBody, ContractParcel, Party, PartySignature, Role
from landseal.server.domain.keys import KeyAlgorithm, PublicKey
from landseal.server.domain.masking import Masked
from landseal.server.domain.policy import named
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, CaptureSource, Purpose, Receipt
from landseal.server.domain.records import (
    Caller,
    ContractLine,
    DeviceClass,
    Draft,
    EndReason,
    Event,
    EventKind,
    Session,
    Upload,
    Verification,
    VerificationState,
)
from landseal.server.domain.transfer import MoveRecord, State, Transfer
from landseal.server.rpc.convert.terms import terms
from landseal.server.usecases.admin import FaceImport, ImportFault, ParcelImport
from landseal.server.usecases.codes import MadeCode, Resolved
from landseal.server.usecases.contracts import ContractEntry
from landseal.server.usecases.offers import Confirmed
from landseal.server.usecases.registration import Registered
from landseal.server.usecases.serverinfo import ServerDescription
from landseal.server.usecases.sessions import LoggedIn, LoginStarted, SessionView
from landseal.server.usecases.verifications import Judgement
from landseal.server.usecases.views import TransferView
from landseal.serverinfo.v1 import serverinfo_pb2
from landseal.session.v1 import session_pb2
from landseal.transfer.v1 import transfer_pb2
from landseal.verification.v1 import verification_pb2

NOW = dt.datetime(2026, 11, 22, 6, 0, 0, 123_000, tzinfo=dt.UTC)
AUTH_KEY = PublicKey(KeyAlgorithm.ED25519, b"a" * 32)
SIGN_KEY = PublicKey(KeyAlgorithm.ED25519, b"s" * 32)
SERVER_KEY = PublicKey(KeyAlgorithm.ED25519, b"p" * 32)
SESSION = Session(
    "session-1", "account-1", AUTH_KEY.key_id, DeviceClass.PHONE, b"h" * 32, NOW,
    dt.datetime(2099, 1, 1, tzinfo=dt.UTC), EndReason.NONE,
)  # fmt: skip
CALLER = Caller(SESSION, "person-1", AUTH_KEY, SIGN_KEY)
HER, HIM = Masked("王**", "513221********0018"), Masked("欧***", "513221********1283")


def request_id() -> str:
    return str(uuid.uuid4())


def _key(key: PublicKey) -> common_pb2.PublicKey:
    return common_pb2.PublicKey(algorithm=common_pb2.KEY_ALGORITHM_ED25519, key=key.key)


def requests() -> dict[str, Message]:
    """A fresh good request per method name."""
    sign = {
        "transfer_id": "t", "version": 1, "terms_digest": b"d" * 32, "receipt_id": "r", "signature": b"s" * 64,
    }  # fmt: skip
    made: dict[str, Message] = {
        "GetServerInfo": serverinfo_pb2.GetServerInfoRequest(),
        "RegisterAccount": session_pb2.RegisterAccountRequest(
            login_name="13800001111", password="a long password", legal_name="王大山", id_number=OWNER,
            registration_code="CODE-1234",
            device=session_pb2.DeviceEnrolment(
                device_class=common_pb2.DEVICE_CLASS_PHONE, auth_key=_key(AUTH_KEY), sign_key=_key(SIGN_KEY),
                auth_proof=b"1" * 64, sign_proof=b"2" * 64,
            ),
        ),
        "StartLogin": session_pb2.StartLoginRequest(login_name="13800001111", password="pw", auth_key_id="k"),
        "Login": session_pb2.LoginRequest(login_id="login-1", signature=b"s" * 64),
        "Logout": session_pb2.LogoutRequest(),
        "GetSession": session_pb2.GetSessionRequest(),
        "CreateUpload": capture_pb2.CreateUploadRequest(size_bytes=10, sha256=b"h" * 32),
        "UploadChunk": capture_pb2.UploadChunkRequest(upload_id="u", offset=0, data=b"0123456789"),
        "GetUpload": capture_pb2.GetUploadRequest(upload_id="u"),
        "CreateVerification": verification_pb2.CreateVerificationRequest(purpose=verification_pb2.PURPOSE_CODE),
        "SubmitVerification": verification_pb2.SubmitVerificationRequest(
            verification_id="v", upload_id="u", source=verification_pb2.CAPTURE_SOURCE_CAMERA, chain_head=b"c" * 32,
            signature=b"s" * 64,
        ),
        "GetVerification": verification_pb2.GetVerificationRequest(verification_id="v"),
        "ListOwnParcels": land_pb2.ListOwnParcelsRequest(receipt_id="r", transferor_account_id="account-1"),
        "GetOwnParcel": land_pb2.GetOwnParcelRequest(receipt_id="r", parcel_code=parcel().code),
        "CreateTransfereeCode": transfer_pb2.CreateTransfereeCodeRequest(receipt_id="r"),
        "SendTransfereeCode": transfer_pb2.SendTransfereeCodeRequest(payload="landseal:c:AAAA", address="13800002222"),
        "ResolveTransfereeCode": transfer_pb2.ResolveTransfereeCodeRequest(payload="landseal:c:AAAA"),
        "CreateTransfer": transfer_pb2.CreateTransferRequest(
            payload="landseal:c:AAAA", role=common_pb2.ROLE_TRANSFEROR, notice_digest=b"n" * 32
        ),
        "SaveDraft": transfer_pb2.SaveDraftRequest(
            transfer_id="t", receipt_id="r", parcel_codes=[parcel().code], terms=terms(lease())
        ),
        "DownloadDraft": transfer_pb2.DownloadDraftRequest(transfer_id="t"),
        "ProposeContract": transfer_pb2.ProposeContractRequest(**sign),  # type: ignore[arg-type]  # a shared table
        "ConfirmContract": transfer_pb2.ConfirmContractRequest(**sign),  # type: ignore[arg-type]  # a shared table
        "DeclineContract": transfer_pb2.DeclineContractRequest(transfer_id="t"),
        "CancelTransfer": transfer_pb2.CancelTransferRequest(transfer_id="t"),
        "GetTransfer": transfer_pb2.GetTransferRequest(transfer_id="t"),
        "ListTransfers": transfer_pb2.ListTransfersRequest(),
        "GetContract": contract_pb2.GetContractRequest(contract_id="c"),
        "ListContracts": contract_pb2.ListContractsRequest(),
        "DownloadContract": contract_pb2.DownloadContractRequest(contract_id="c"),
        "WatchEvents": inbox_pb2.WatchEventsRequest(),
        "ListEvents": inbox_pb2.ListEventsRequest(),
        "AcknowledgeEvents": inbox_pb2.AcknowledgeEventsRequest(through_cursor=1),
        "ImportParcels": admin_pb2.ImportParcelsRequest(format=admin_pb2.PARCEL_FORMAT_CSV, data=b"code\n"),
        "ImportFaces": admin_pb2.ImportFacesRequest(
            legal_name="王大山", id_number=OWNER, collective="老人村", portrait=b"jpeg"
        ),
        "IssueRegistrationCode": admin_pb2.IssueRegistrationCodeRequest(id_number=OWNER),
    }  # fmt: skip
    for message in made.values():
        if "request_id" in message.DESCRIPTOR.fields_by_name:
            setattr(message, "request_id", request_id())  # noqa: B010 - not all messages have it
    return made


UPLOAD = Upload("u", "account-1", 10, b"h" * 32, 0, NOW, False)
VERIFICATION = Verification(
    "v", "account-1", "session-1", AUTH_KEY.key_id, Purpose.CODE, Binding(), 600, 200, 30,
    ((1, 600), (2, 1200), (3, 800), (4, 1000), (1, 1400)), b"n" * 32, VerificationState.WAITING, "", 2, NOW, NOW,
)  # fmt: skip
RECEIPT = Receipt(
    "r", "account-1", "session-1", AUTH_KEY.key_id, Purpose.SIGN, Binding("t", 1, b"d" * 32), b"i" * 32, NOW, NOW,
    "calibration", "policy", "silent+active", "demo", CaptureSource.CAMERA, SERVER_KEY.key_id, b"s" * 64,
)  # fmt: skip
BODY = ContractBody(
    "t", 1, "LS-2026-000001", Party("account-1", "王大山", OWNER, SIGN_KEY),
    Party("account-2", "欧阳春梅", OTHER, AUTH_KEY),
    (ContractParcel(parcel().code, "河坝地", 2529, parcel().registry_digest()),), lease(), NOW, b"p" * 32, "demo",
    SERVER_KEY.key_id,
)  # fmt: skip
TRANSFER = Transfer(
    "t", State.PROPOSED, "account-1", "account-2", "k1", "k2", 1, "", "0042", NOW, NOW + dt.timedelta(days=30)
)
VIEW = TransferView(
    TRANSFER, Role.TRANSFEROR, HER, HIM, Draft("t", 1, BODY, BODY.digest(), b"%PDF"), (MoveRecord(State.VERIFIED, NOW),)
)
CONTRACT = Contract(
    "c", BODY, PartySignature(Role.TRANSFEROR, RECEIPT, b"1" * 64), PartySignature(Role.TRANSFEREE, RECEIPT, b"2" * 64),
    NOW, SERVER_KEY, b"3" * 64,
)  # fmt: skip
SESSION_VIEW = SessionView("session-1", "account-1", HER, AUTH_KEY.key_id, SIGN_KEY.key_id, NOW)


def events(count: int, first: int = 1) -> list[Event]:
    details = {"transfer_id": "t", "state": "PROPOSED", "version": "1", "contract_id": ""}
    return [
        Event("account-1", cursor, NOW, EventKind.TRANSFER_MOVED, details) for cursor in range(first, first + count)
    ]


RESULTS: dict[str, Any] = {
    "describe": ServerDescription(
        SERVER_KEY, NOW, named("demo", silent_required=False), "active", "calibration", ("LIP_SHAPES",), ("notice",),
        "2.51.0", "18.4", "0.1.0",
    ),
    "register": Registered("account-1", AUTH_KEY.key_id, SIGN_KEY.key_id),
    "start_login": LoginStarted("login-1", b"n" * 32, NOW),
    "login": LoggedIn("t" * 43, SESSION_VIEW),
    "logout": None,
    "session.view": SESSION_VIEW,
    "capture.create": UPLOAD,
    "append": UPLOAD,
    "capture.get": UPLOAD,
    "verification.create": VERIFICATION,
    "submit": Judgement(Reason.PASSED, 2, RECEIPT),
    "verification.get": VERIFICATION,
    "list_own": [parcel(1), parcel(2)],
    "get_own": parcel(),
    "create_code": MadeCode("landseal:c:AAAA", NOW),
    "send_code": None,
    "resolve_code": Resolved(HER, HIM, b"n" * 32),
    "codes.create": VIEW,
    "save_draft": VIEW,
    "draft_document": b"%PDF draft",
    "propose": VIEW,
    "confirm": Confirmed(VIEW, CONTRACT),
    "decline": VIEW,
    "cancel": VIEW,
    "transfers.get": VIEW,
    "transfers.list": [VIEW, VIEW],
    "contracts.get": CONTRACT,
    "contracts.list": [ContractEntry(ContractLine("c", "LS-2026-000001", Role.TRANSFEROR, "person-2", NOW), HIM)],
    "contracts.document": (b"%PDF contract", "LS-2026-000001.pdf"),
    "events": events(2),
    "acknowledge": 1,
    "import_parcels": ParcelImport(3, (ImportFault(3, "area_m2", "MISSING", "缺少面积"),), 0),
    "import_faces": FaceImport(1, (), 1, ("a notice",)),
    "issue_code": "ABCDEFGH",
}  # fmt: skip
"""What each use case returns, by its method's name, with the noun where names repeat."""
