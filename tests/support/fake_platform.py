"""A small fake of the platform for client tests: same protos, same signatures, real TLS, no engines and no database.

It judges no face: every burst passes. ``tamper`` bends an answer before it leaves; ``failures`` end calls.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import nacl.signing
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from support.land import lease, parcel

from landseal.capture.v1 import capture_pb2
from landseal.clients import convert
from landseal.clients.keys import is_signed, sha256
from landseal.common.v1 import common_pb2, reason_pb2
from landseal.contract.v1 import contract_pb2
from landseal.inbox.v1 import inbox_pb2
from landseal.land.v1 import land_pb2
from landseal.server.domain import signing
from landseal.server.domain.contract import Role
from landseal.server.domain.idcard import mask_id_number, mask_name
from landseal.server.domain.keys import KeyAlgorithm, PublicKey
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import WINDOWS, Purpose
from landseal.server.domain.times import millis, utc_now
from landseal.serverinfo.v1 import serverinfo_pb2
from landseal.session.v1 import session_pb2
from landseal.transfer.v1 import transfer_pb2
from landseal.verification.v1 import verification_pb2

PDF = b"%PDF-1.7 a fake"
Serve = Callable[[Any, Any, str], Message]
"""Serves one rpc: the platform, its request, the caller's account."""


class Refusal(Exception):
    """Ends a fake call with a reason."""

    def __init__(self, reason: Reason, **metadata: str) -> None:
        super().__init__(reason.value)
        self.reason, self.metadata = reason, metadata


def abort(context: grpc.ServicerContext, reason: Reason, metadata: dict[str, str]) -> None:
    value = reason_pb2.Reason.DESCRIPTOR.values_by_name[f"REASON_{reason.value}"]
    code = value.GetOptions().Extensions[reason_pb2.info].code or code_pb2.INTERNAL
    detail = AnyMessage()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason.value, domain="landseal", metadata=metadata))
    status = status_pb2.Status(code=code, message=reason.value, details=[detail])
    context.abort_with_status(rpc_status.to_status(status))


def certificate() -> tuple[bytes, bytes]:
    """A self-signed certificate for localhost and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fake")]), dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), secret


class FakePlatform:
    """Serves on a free port of localhost from construction to ``stop``."""

    def __init__(self, mark: str = "") -> None:
        self._secret = nacl.signing.SigningKey.generate()
        self.key = PublicKey(KeyAlgorithm.ED25519, bytes(self._secret.verify_key))
        self.mark = mark
        self.tamper: dict[str, Callable[[Any], None]] = {}
        self.failures: dict[str, list[grpc.StatusCode | Reason]] = defaultdict(list)
        self.calls: list[str] = []
        self.verdict = Reason.PASSED
        self.accounts: dict[str, session_pb2.RegisterAccountRequest] = {}
        self.sessions: dict[str, str] = {}
        self.uploads: dict[str, tuple[capture_pb2.CreateUploadRequest, bytearray]] = {}
        self.tasks: dict[str, tuple[verification_pb2.Verification, verification_pb2.Binding]] = {}
        self.receipts: dict[str, verification_pb2.IdentityReceipt] = {}
        self.code_of = ""
        self.transfers: dict[str, transfer_pb2.Transfer] = {}
        self.contracts: dict[str, contract_pb2.Contract] = {}
        self.events: list[inbox_pb2.Event] = []
        self.certificate_pem, secret = certificate()
        self._server = grpc.server(futures.ThreadPoolExecutor(8))
        for noun, service in SERVICES.items():
            self._server.add_generic_rpc_handlers((self._handlers(f"landseal.{noun}.v1.{service}", noun),))
        credentials = grpc.ssl_server_credentials([(secret, self.certificate_pem)])
        self.target = f"localhost:{self._server.add_secure_port('localhost:0', credentials)}"
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None)

    def _handlers(self, service: str, noun: str) -> grpc.GenericRpcHandler[bytes, bytes]:
        handlers = {}
        for name, (request, serve) in METHODS[noun].items():
            handle = self._unary(f"/{service}/{name}", name, request, serve)
            handlers[name] = grpc.unary_unary_rpc_method_handler(handle)
        if noun == "inbox":
            handlers["WatchEvents"] = grpc.unary_stream_rpc_method_handler(self._watch)
        return grpc.method_handlers_generic_handler(service, handlers)

    def _unary(
        self, path: str, name: str, kind: type[Message], serve: Serve
    ) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        def handle(data: bytes, context: grpc.ServicerContext) -> bytes:
            self.calls.append(name)
            self._fail(name, context)
            try:
                request = kind.FromString(data)
                answer = serve(self, request, self._caller(path, name, data, request, context))
            except Refusal as refusal:
                abort(context, refusal.reason, refusal.metadata)
            self.tamper.get(name, lambda _: None)(answer)
            if self.failures[name + " after"]:
                context.abort(self.failures[name + " after"].pop(0), "the answer is lost")  # type: ignore[arg-type]  # a code
            result: bytes = answer.SerializeToString(deterministic=True)
            return result

        return handle

    def _fail(self, name: str, context: grpc.ServicerContext) -> None:
        if self.failures[name]:
            failure = self.failures[name].pop(0)
            if isinstance(failure, Reason):
                abort(context, failure, {})
            else:
                context.abort(failure, "the fake was told to fail")

    def _caller(self, path: str, name: str, data: bytes, request: Message, context: grpc.ServicerContext) -> str:
        if name in OPEN:
            return ""
        metadata = dict(context.invocation_metadata())
        token = str(metadata.get("authorization", "")).removeprefix("Bearer ")
        account = self.sessions.get(token)
        if account is None:
            raise Refusal(Reason.TOKEN_INVALID)
        signed = common_pb2.CallSignature.FromString(metadata["landseal-call-bin"])  # type: ignore[arg-type]  # bytes for -bin
        expected = signing.call_bytes(
            self.key.key_id, account, signed.key_id, getattr(request, "request_id", ""), path, data, token,
            millis(convert.instant(signed.signed_time)),
        )  # fmt: skip
        if not is_signed(self._key(account, "auth_key"), expected, signed.signature):
            raise Refusal(Reason.CALL_SIGNATURE_INVALID)
        return account

    def _key(self, account: str, name: str) -> PublicKey:
        return convert.public_key(getattr(self.accounts[account].device, name))

    def _masked(self, account: str) -> common_pb2.MaskedIdentity:
        person = self.accounts[account]
        return common_pb2.MaskedIdentity(
            masked_name=mask_name(person.legal_name), masked_id_number=mask_id_number(person.id_number)
        )

    def sign(self, message: bytes) -> bytes:
        return self._secret.sign(message).signature

    def _watch(self, data: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        self.calls.append("WatchEvents")
        self._fail("WatchEvents", context)
        request = inbox_pb2.WatchEventsRequest.FromString(data)
        try:
            self._caller("/landseal.inbox.v1.InboxService/WatchEvents", "WatchEvents", data, request, context)
        except Refusal as refusal:
            abort(context, refusal.reason, refusal.metadata)
        after = request.after_cursor
        for event in [each for each in self.events if each.cursor > after][:2]:  # then the connection breaks
            yield inbox_pb2.WatchEventsResponse(event=event).SerializeToString()
        context.abort(grpc.StatusCode.UNAVAILABLE, "broken")

    # Each method below serves one rpc.

    def info(self, _request: Message, _account: str) -> serverinfo_pb2.GetServerInfoResponse:
        return serverinfo_pb2.GetServerInfoResponse(
            server_key_id=self.key.key_id,
            server_key=common_pb2.PublicKey(algorithm=common_pb2.KEY_ALGORITHM_ED25519, key=self.key.key),
            policy=serverinfo_pb2.Policy(name=self.mark or "production"),
        )

    def register(self, request: session_pb2.RegisterAccountRequest, _: str) -> session_pb2.RegisterAccountResponse:
        known = [key for key, each in self.accounts.items() if each.request_id == request.request_id]
        account = known[0] if known else f"acc-{len(self.accounts) + 1}"
        self.accounts[account] = request
        auth, sign = self._key(account, "auth_key"), self._key(account, "sign_key")
        message = signing.enrolment_bytes(
            self.key.key_id, request.login_name, auth.key_id, sign.key_id, request.request_id, request.registration_code
        )
        if not is_signed(auth, message, request.device.auth_proof) or not is_signed(
            sign, message, request.device.sign_proof
        ):
            raise Refusal(Reason.KEY_INVALID)
        return session_pb2.RegisterAccountResponse(account_id=account, auth_key_id=auth.key_id, sign_key_id=sign.key_id)

    def start_login(self, request: session_pb2.StartLoginRequest, _: str) -> session_pb2.StartLoginResponse:
        found = [key for key, each in self.accounts.items() if each.login_name == request.login_name]
        account = found[0] if found else "acc-invented"
        return session_pb2.StartLoginResponse(login_id=f"{account}:login", nonce=bytes(32))

    def login(self, request: session_pb2.LoginRequest, _: str) -> session_pb2.LoginResponse:
        account = request.login_id.partition(":")[0]
        auth = self._key(account, "auth_key")
        message = signing.login_bytes(self.key.key_id, account, auth.key_id, bytes(32), request.login_id)
        if not is_signed(auth, message, request.signature):
            raise Refusal(Reason.LOGIN_REFUSED)
        token = secrets.token_hex(8)
        self.sessions[token] = account
        return session_pb2.LoginResponse(token=token, session=self._session(account))

    def _session(self, account: str) -> session_pb2.Session:
        return session_pb2.Session(
            session_id=f"ses-{account}",
            account_id=account,
            identity=self._masked(account),
            auth_key_id=self._key(account, "auth_key").key_id,
            sign_key_id=self._key(account, "sign_key").key_id,
        )

    def get_session(self, _: Message, account: str) -> session_pb2.GetSessionResponse:
        return session_pb2.GetSessionResponse(session=self._session(account))

    def logout(self, _: Message, account: str) -> session_pb2.LogoutResponse:
        self.sessions = {token: each for token, each in self.sessions.items() if each != account}
        return session_pb2.LogoutResponse()

    def create_upload(self, request: capture_pb2.CreateUploadRequest, _: str) -> capture_pb2.CreateUploadResponse:
        self.uploads["up-1"] = (request, bytearray())
        return capture_pb2.CreateUploadResponse(upload=self._upload("up-1"))

    def _upload(self, upload_id: str) -> capture_pb2.Upload:
        request, held = self.uploads[upload_id]
        return capture_pb2.Upload(upload_id=upload_id, received_bytes=len(held), size_bytes=request.size_bytes)

    def chunk(self, request: capture_pb2.UploadChunkRequest, _: str) -> capture_pb2.UploadChunkResponse:
        held = self.uploads[request.upload_id][1]
        if request.offset != len(held):
            raise Refusal(Reason.UPLOAD_OFFSET_WRONG, expected_offset=str(len(held)))
        held += request.data
        return capture_pb2.UploadChunkResponse(upload=self._upload(request.upload_id))

    def get_upload(self, request: capture_pb2.GetUploadRequest, _: str) -> capture_pb2.GetUploadResponse:
        return capture_pb2.GetUploadResponse(upload=self._upload(request.upload_id))

    def create_verification(
        self, request: verification_pb2.CreateVerificationRequest, _: str
    ) -> verification_pb2.CreateVerificationResponse:
        actions = [verification_pb2.LipAction(shape=shape, hold_ms=800) for shape in (1, 2, 3, 1, 4)]  # type: ignore[arg-type]  # numbers of shapes
        told = verification_pb2.Instruction(lead_in_ms=600, actions=actions, frame_interval_ms=200, frame_count=5)
        told.digest = signing.instruction_digest(600, 200, 5, [(a.shape, a.hold_ms) for a in actions])
        task = verification_pb2.Verification(
            verification_id=f"ver-{len(self.tasks)}",
            purpose=request.purpose,
            instruction=told,
            nonce=secrets.token_bytes(32),
        )
        self.tasks[task.verification_id] = (task, request.binding)
        return verification_pb2.CreateVerificationResponse(verification=task)

    def submit(
        self, request: verification_pb2.SubmitVerificationRequest, account: str
    ) -> verification_pb2.SubmitVerificationResponse:
        task, binding = self.tasks[request.verification_id]
        announced, data = self.uploads[request.upload_id]
        if sha256(bytes(data)) != announced.sha256:
            raise Refusal(Reason.UPLOAD_DIGEST_WRONG)
        frames = [(each.image, each.offset_ms) for each in capture_pb2.FrameBurst.FromString(bytes(data)).frames]
        head, auth = signing.chain_head(task.nonce, frames), self._key(account, "auth_key")
        message = signing.capture_bytes(
            self.key.key_id, account, auth.key_id, task.nonce, task.verification_id, task.instruction.digest, head,
            len(frames), request.source,
        )  # fmt: skip
        if head != request.chain_head or not is_signed(auth, message, request.signature):
            raise Refusal(Reason.CAPTURE_CHAIN_WRONG)
        if self.verdict is not Reason.PASSED:
            number = reason_pb2.Reason.Value(f"REASON_{self.verdict.value}")
            return verification_pb2.SubmitVerificationResponse(
                reason=number, hint_zh="靠近", hint_en="closer", attempts_left=2
            )
        answer = verification_pb2.SubmitVerificationResponse(reason=reason_pb2.REASON_PASSED)
        answer.receipt.CopyFrom(self._receipt(account, task.purpose, binding, request.source))
        return answer

    def _receipt(
        self,
        account: str,
        purpose: verification_pb2.Purpose.ValueType,
        binding: verification_pb2.Binding,
        source: verification_pb2.CaptureSource.ValueType,
    ) -> verification_pb2.IdentityReceipt:
        person, now = self.accounts[account], utc_now()
        message = verification_pb2.IdentityReceipt(
            receipt_id=f"rec-{len(self.receipts)}", account_id=account, session_id=f"ses-{account}",
            auth_key_id=self._key(account, "auth_key").key_id, purpose=purpose, binding=binding,
            identity_digest=signing.identity_digest(person.legal_name, person.id_number), calibration_id="cal",
            policy_id="pol", liveness="active" if self.mark else "silent+active", mark=self.mark, source=source,
            server_key_id=self.key.key_id,
        )  # fmt: skip
        message.issue_time.FromDatetime(now)
        message.expire_time.FromDatetime(now + WINDOWS[Purpose(purpose)])
        message.signature = self.sign(convert.receipt(message).signed_bytes())
        self.receipts[message.receipt_id] = message
        return message

    def parcels(self, _: Message, _account: str) -> land_pb2.ListOwnParcelsResponse:
        return land_pb2.ListOwnParcelsResponse(parcels=[land_parcel(1), land_parcel(2)])

    def create_code(self, _: Message, account: str) -> transfer_pb2.CreateTransfereeCodeResponse:
        self.code_of = account
        answer = transfer_pb2.CreateTransfereeCodeResponse(payload="landseal:c:MFRGGZDFMZTWQ2LK")
        answer.expire_time.FromDatetime(utc_now() + dt.timedelta(minutes=10))
        return answer

    def resolve(self, _: Message, account: str) -> transfer_pb2.ResolveTransfereeCodeResponse:
        mine, other = self._masked(account), self._masked(self.code_of)
        return transfer_pb2.ResolveTransfereeCodeResponse(
            transferor=mine, transferee=other, notice_digest=self._notice(account)
        )

    def _notice(self, account: str) -> bytes:
        shown = [(each.masked_name, each.masked_id_number) for each in map(self._masked, (account, self.code_of))]
        return signing.notice_digest("MFRGGZDFMZTWQ2LK", shown[0], shown[1])

    def create_transfer(
        self, request: transfer_pb2.CreateTransferRequest, account: str
    ) -> transfer_pb2.CreateTransferResponse:
        if request.notice_digest != self._notice(account):
            raise Refusal(Reason.IDENTITIES_NOT_CONFIRMED)
        transfer = transfer_pb2.Transfer(
            transfer_id="tr-1", state=transfer_pb2.Transfer.STATE_VERIFIED, my_role=common_pb2.ROLE_TRANSFEROR,
            transferor=self._masked(account), transferee=self._masked(self.code_of), comparison_number="0042",
        )  # fmt: skip
        self.transfers["tr-1"] = transfer
        return transfer_pb2.CreateTransferResponse(transfer=transfer)

    def save_draft(self, request: transfer_pb2.SaveDraftRequest, account: str) -> transfer_pb2.SaveDraftResponse:
        transfer = self.transfers[request.transfer_id]
        body = contract_pb2.ContractBody(
            transfer_id="tr-1", version=transfer.body.version + 1, contract_number="LS-1", terms=request.terms,
            transferor=self._party(account), transferee=self._party(self.code_of), document_sha256=sha256(PDF),
            mark=self.mark, server_key_id=self.key.key_id,
            parcels=[
                contract_pb2.ContractParcel(
                    parcel_code=each.parcel_code, name=each.name, area_m2=each.area_m2,
                    registry_digest=each.registry_digest,
                )
                for each in (land_parcel(1), land_parcel(2))
                if each.parcel_code in request.parcel_codes
            ],
        )  # fmt: skip
        body.offer_expire_time.FromDatetime(utc_now() + dt.timedelta(days=7))
        transfer.body.CopyFrom(body)
        transfer.terms_digest = convert.body(body).digest()
        return transfer_pb2.SaveDraftResponse(transfer=transfer)

    def _party(self, account: str) -> contract_pb2.Party:
        person, key = self.accounts[account], self._key(account, "sign_key")
        return contract_pb2.Party(
            account_id=account, legal_name=person.legal_name, id_number=person.id_number, sign_key_id=key.key_id,
            sign_key=person.device.sign_key,
        )  # fmt: skip

    def draft_pdf(self, _: Message, _account: str) -> transfer_pb2.DownloadDraftResponse:
        return transfer_pb2.DownloadDraftResponse(pdf=PDF)

    def get_transfer(self, _: Message, account: str) -> transfer_pb2.GetTransferResponse:
        seen = transfer_pb2.Transfer()
        seen.CopyFrom(self.transfers["tr-1"])
        seen.my_role = common_pb2.ROLE_TRANSFEREE if account == self.code_of else common_pb2.ROLE_TRANSFEROR
        return transfer_pb2.GetTransferResponse(transfer=seen)

    def propose(
        self, request: transfer_pb2.ProposeContractRequest, account: str
    ) -> transfer_pb2.ProposeContractResponse:
        self._take(request, account, Role.TRANSFEROR)
        transfer = self.transfers["tr-1"]
        transfer.state = transfer_pb2.Transfer.STATE_PROPOSED
        return transfer_pb2.ProposeContractResponse(transfer=transfer)

    def _take(
        self,
        request: transfer_pb2.ProposeContractRequest | transfer_pb2.ConfirmContractRequest,
        account: str,
        role: Role,
    ) -> None:
        transfer, receipt = self.transfers["tr-1"], self.receipts[request.receipt_id]
        message = signing.contract_bytes(
            self.key.key_id, account, self._key(account, "sign_key").key_id, "tr-1", int(role), transfer.terms_digest,
            convert.receipt(receipt).digest(),
        )  # fmt: skip
        if not is_signed(self._key(account, "sign_key"), message, request.signature):
            raise Refusal(Reason.PARTY_SIGNATURE_INVALID)
        held = self.contracts.setdefault("con-1", contract_pb2.Contract(contract_id="con-1"))
        side = held.transferor_signature if role is Role.TRANSFEROR else held.transferee_signature
        side.CopyFrom(
            contract_pb2.PartySignature(role=int(role), receipt=receipt, signature=request.signature)  # type: ignore[arg-type]  # a role's number
        )

    def confirm(
        self, request: transfer_pb2.ConfirmContractRequest, account: str
    ) -> transfer_pb2.ConfirmContractResponse:
        self._take(request, account, Role.TRANSFEREE)
        transfer, held = self.transfers["tr-1"], self.contracts["con-1"]
        held.body.CopyFrom(transfer.body)
        held.terms_digest = transfer.terms_digest
        held.server_key.CopyFrom(common_pb2.PublicKey(algorithm=common_pb2.KEY_ALGORITHM_ED25519, key=self.key.key))
        held.conclude_time.FromDatetime(utc_now())
        self.conclude(held)
        return transfer_pb2.ConfirmContractResponse(transfer=transfer, contract=held)

    def conclude(self, held: contract_pb2.Contract) -> None:
        """Puts the platform's signature on a contract, whatever it says."""
        first, second = held.transferor_signature, held.transferee_signature
        held.platform_signature = self.sign(
            signing.platform_bytes(
                self.key.key_id,
                held.contract_id,
                held.terms_digest,
                (first.signature, second.signature),
                (convert.receipt(first.receipt).digest(), convert.receipt(second.receipt).digest()),
                millis(convert.instant(held.conclude_time)),
            )
        )

    def get_contract(self, _: Message, _account: str) -> contract_pb2.GetContractResponse:
        return contract_pb2.GetContractResponse(contract=self.contracts["con-1"])

    def contract_pdf(self, _: Message, _account: str) -> contract_pb2.DownloadContractResponse:
        return contract_pb2.DownloadContractResponse(pdf=PDF, file_name="../../LS-1.pdf")

    def list_events(self, request: inbox_pb2.ListEventsRequest, _: str) -> inbox_pb2.ListEventsResponse:
        return inbox_pb2.ListEventsResponse(events=[e for e in self.events if e.cursor > request.after_cursor])


def land_parcel(number: int) -> land_pb2.Parcel:
    """The parcel of :func:`support.land.parcel` as a client sees it."""
    known = parcel(number)
    return land_pb2.Parcel(
        parcel_code=known.code, name=known.name, area_m2=known.area_m2, registry_digest=sha256(known.code.encode()),
        land_use=land_pb2.LAND_USE_ARABLE, collective=known.collective,
    )  # fmt: skip


TERMS = lease()
SERVICES = {
    "serverinfo": "ServerInfoService", "session": "SessionService", "capture": "CaptureService",
    "verification": "VerificationService", "land": "LandService", "transfer": "TransferService",
    "contract": "ContractService", "inbox": "InboxService",
}  # fmt: skip
OPEN = ("GetServerInfo", "RegisterAccount", "StartLogin", "Login")
METHODS: dict[str, dict[str, tuple[type[Message], Serve]]] = {
    "serverinfo": {"GetServerInfo": (serverinfo_pb2.GetServerInfoRequest, FakePlatform.info)},
    "session": {
        "RegisterAccount": (session_pb2.RegisterAccountRequest, FakePlatform.register),
        "StartLogin": (session_pb2.StartLoginRequest, FakePlatform.start_login),
        "Login": (session_pb2.LoginRequest, FakePlatform.login),
        "Logout": (session_pb2.LogoutRequest, FakePlatform.logout),
        "GetSession": (session_pb2.GetSessionRequest, FakePlatform.get_session),
    },
    "capture": {
        "CreateUpload": (capture_pb2.CreateUploadRequest, FakePlatform.create_upload),
        "UploadChunk": (capture_pb2.UploadChunkRequest, FakePlatform.chunk),
        "GetUpload": (capture_pb2.GetUploadRequest, FakePlatform.get_upload),
    },
    "verification": {
        "CreateVerification": (verification_pb2.CreateVerificationRequest, FakePlatform.create_verification),
        "SubmitVerification": (verification_pb2.SubmitVerificationRequest, FakePlatform.submit),
    },
    "land": {"ListOwnParcels": (land_pb2.ListOwnParcelsRequest, FakePlatform.parcels)},
    "transfer": {
        "CreateTransfereeCode": (transfer_pb2.CreateTransfereeCodeRequest, FakePlatform.create_code),
        "ResolveTransfereeCode": (transfer_pb2.ResolveTransfereeCodeRequest, FakePlatform.resolve),
        "CreateTransfer": (transfer_pb2.CreateTransferRequest, FakePlatform.create_transfer),
        "SaveDraft": (transfer_pb2.SaveDraftRequest, FakePlatform.save_draft),
        "DownloadDraft": (transfer_pb2.DownloadDraftRequest, FakePlatform.draft_pdf),
        "GetTransfer": (transfer_pb2.GetTransferRequest, FakePlatform.get_transfer),
        "ProposeContract": (transfer_pb2.ProposeContractRequest, FakePlatform.propose),
        "ConfirmContract": (transfer_pb2.ConfirmContractRequest, FakePlatform.confirm),
    },
    "contract": {
        "GetContract": (contract_pb2.GetContractRequest, FakePlatform.get_contract),
        "DownloadContract": (contract_pb2.DownloadContractRequest, FakePlatform.contract_pdf),
    },
    "inbox": {"ListEvents": (inbox_pb2.ListEventsRequest, FakePlatform.list_events)},
}
