"""A client that knows the protos and docs/signed-structures.md and nothing else of Landseal; run by test_stranger.py.

It compiles the protos for itself, registers, logs in, turns a code into a transfer and reads it. Reads a JSON job from
standard input and writes what it saw as JSON.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any, TypeAlias

import google.api
import grpc
from nacl.signing import SigningKey

Key = tuple[SigningKey, str]
Foreign: TypeAlias = Any
"""A message of the stubs that this program compiles for itself; no checker knows them."""


def item(value: object) -> bytes:
    if isinstance(value, str):
        payload = value.encode()
    elif isinstance(value, int):
        payload = value.to_bytes(8, "big")
    else:
        assert isinstance(value, bytes)
        payload = value
    return len(payload).to_bytes(4, "big") + payload


def message(purpose: str, *fields: object) -> bytes:
    return b"".join(item(each) for each in (f"landseal/{purpose}/v1", *fields))


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def key_id(raw: bytes) -> str:
    return sha256(message("key", "ED25519", raw))[:16].hex()


def new_key() -> Key:
    key = SigningKey.generate()
    return key, key_id(bytes(key.verify_key))


def compile_protos(root: str, out: str) -> None:
    protos = sorted(map(str, (Path(root) / "protos" / "landseal").rglob("*.proto")))
    validate = Path(root) / "third_party" / "buf" / "validate" / "validate.proto"
    google_apis = Path(next(iter(google.api.__path__))).parent.parent
    includes = [f"-I{root}/protos", f"-I{root}/third_party", f"-I{google_apis}"]
    command = [sys.executable, "-m", "grpc_tools.protoc", *includes, f"--python_out={out}", *protos, str(validate)]
    subprocess.run(command, check=True, capture_output=True)


class Stranger:
    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        from landseal.common.v1 import common_pb2
        from landseal.serverinfo.v1 import serverinfo_pb2
        from landseal.session.v1 import session_pb2
        from landseal.transfer.v1 import transfer_pb2

        self.common, self.info, self.session, self.transfer = common_pb2, serverinfo_pb2, session_pb2, transfer_pb2
        self.channel = grpc.secure_channel(
            job["target"], grpc.ssl_channel_credentials(Path(job["authority"]).read_bytes())
        )
        self.token = self.account = ""
        asked, told = serverinfo_pb2.GetServerInfoRequest(), serverinfo_pb2.GetServerInfoResponse
        self.audience = self.call("serverinfo", "ServerInfoService/GetServerInfo", asked, told).server_key_id
        self.auth, self.auth_id = new_key()
        self.sign, self.sign_id = new_key()

    def call(self, noun: str, method: str, request: Foreign, answer: Foreign) -> Foreign:
        path, raw = f"/landseal.{noun}.v1.{method}", request.SerializeToString()
        metadata: list[tuple[str, Any]] = []
        if self.token:
            now, request_id = time.time_ns() // 1_000_000, getattr(request, "request_id", "")
            metadata.append(("authorization", f"Bearer {self.token}"))
            proof = message("call", self.audience, self.account, self.auth_id, request_id, path, sha256(raw),
                            sha256(self.token.encode()), now)  # fmt: skip
            signature = self.common.CallSignature(key_id=self.auth_id, signature=self.auth.sign(proof).signature)
            signature.signed_time.FromMilliseconds(now)
            metadata.append(("landseal-call-bin", signature.SerializeToString()))
        call = self.channel.unary_unary(path, request_serializer=None, response_deserializer=answer.FromString)
        return call(raw, timeout=20, metadata=tuple(metadata))

    def public(self, key: SigningKey) -> Foreign:
        return self.common.PublicKey(algorithm=self.common.KEY_ALGORITHM_ED25519, key=bytes(key.verify_key))

    def register(self) -> None:
        job, request_id, pb = self.job, str(uuid.uuid4()), self.session
        proof = message("enrol-device", self.audience, job["login_name"], self.auth_id, self.sign_id, request_id,
                        sha256(job["registration_code"].encode()))  # fmt: skip
        device = pb.DeviceEnrolment(
            device_class=self.common.DEVICE_CLASS_PHONE,
            auth_key=self.public(self.auth),
            sign_key=self.public(self.sign),
            auth_proof=self.auth.sign(proof).signature,
            sign_proof=self.sign.sign(proof).signature,
        )
        names = ("login_name", "password", "legal_name", "id_number", "registration_code")
        request = pb.RegisterAccountRequest(request_id=request_id, device=device, **{name: job[name] for name in names})
        self.account = self.call(
            "session", "SessionService/RegisterAccount", request, pb.RegisterAccountResponse
        ).account_id

    def login(self) -> None:
        job, pb = self.job, self.session
        start = self.call("session", "SessionService/StartLogin", pb.StartLoginRequest(
            request_id=str(uuid.uuid4()), login_name=job["login_name"], password=job["password"],
            auth_key_id=self.auth_id), pb.StartLoginResponse)  # fmt: skip
        proof = message("login", self.audience, self.account, self.auth_id, start.nonce, start.login_id)
        request = pb.LoginRequest(
            request_id=str(uuid.uuid4()), login_id=start.login_id, signature=self.auth.sign(proof).signature
        )
        self.token = self.call("session", "SessionService/Login", request, pb.LoginResponse).token

    def read_a_transfer(self) -> dict[str, Any]:
        pb, payload = self.transfer, self.job["payload"]
        resolved = self.call("transfer", "TransferService/ResolveTransfereeCode", pb.ResolveTransfereeCodeRequest(
            request_id=str(uuid.uuid4()), payload=payload), pb.ResolveTransfereeCodeResponse)  # fmt: skip
        shown = (resolved.transferor, resolved.transferee)
        notice = message("notice", payload.removeprefix("landseal:c:"), shown[0].masked_name, shown[0].masked_id_number,
                         shown[1].masked_name, shown[1].masked_id_number)  # fmt: skip
        created = self.call("transfer", "TransferService/CreateTransfer", pb.CreateTransferRequest(
            request_id=str(uuid.uuid4()), payload=payload, role=self.common.ROLE_TRANSFEROR,
            notice_digest=sha256(notice)), pb.CreateTransferResponse).transfer  # fmt: skip
        wanted = pb.GetTransferRequest(transfer_id=created.transfer_id)
        read = self.call("transfer", "TransferService/GetTransfer", wanted, pb.GetTransferResponse).transfer
        return {
            "transfer_id": read.transfer_id,
            "state": pb.Transfer.State.Name(read.state),
            "transferee": read.transferee.masked_name,
        }


def main() -> None:
    job = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as stubs:
        compile_protos(job["root"], stubs)
        sys.path.insert(0, stubs)
        stranger = Stranger(job)
        stranger.register()
        stranger.login()
        seen = stranger.read_a_transfer()
        ours = [
            str(module.__file__)
            for name, module in sys.modules.items()
            if name.startswith("landseal") and getattr(module, "__file__", None)
        ]
        foreign = [path for path in ours if not path.startswith(stubs)]
        print(json.dumps(seen | {"our_python": foreign}))


if __name__ == "__main__":
    main()
