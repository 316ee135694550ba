"""One frozen thing that says how the server runs; units in the names, all faults reported at once."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "LANDSEAL_"
POLICIES = ("production", "demo", "loadtest")
LIVENESS = ("", "silent+active", "active")
TRITON_CONFIGS = ("cpu", "gpu")
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[0-9a-zA-Z.-]+):([0-9]{1,5})", re.ASCII)


class SettingsError(Exception):
    """Settings that the server cannot run with; ``faults`` names every one, never repeating a value."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def default_home(environ: Mapping[str, str], uid: int) -> Path:
    """Returns where everything lives: /var/lib/landseal for root, for others a folder below their data folder."""
    if uid == 0:
        return Path("/var/lib/landseal")
    data = environ.get("XDG_DATA_HOME") or str(Path(environ.get("HOME", "~")).expanduser() / ".local/share")
    return Path(data) / "landseal"


def _cpus() -> int:
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Settings:
    """How the server runs. Every field is the environment variable ``LANDSEAL_<NAME>``."""

    home: Path
    """Folder of keys, models and embedded engines."""
    listen: str = "127.0.0.1:50443"
    """Address of the listener that clients reach, ``host:port``."""
    admin_listen: str = "127.0.0.1:50444"
    """Address of the administrators' listener, behind client certificates; empty: none."""
    database_url: str = field(default="", repr=False)
    """``postgresql://...``; empty: the embedded PostgreSQL."""
    triton_url: str = ""
    """``host:port`` of a Triton's gRPC; empty: the embedded Triton."""
    triton_root_certificates: Path | None = None
    """Authorities that vouch for that Triton (PEM); none: no TLS, in production on loopback addresses only."""
    triton_client_certificate: Path | None = None
    """Certificate with which the server is known to that Triton (PEM); none: it asks for none."""
    triton_client_key: Path | None = None
    """Its private key (PEM)."""
    triton_config_name: str = "cpu"
    """Which model configurations the embedded Triton loads: cpu or gpu."""
    policy: str = "production"
    """production, demo or loadtest; the latter two mark every receipt and contract."""
    liveness: str = "silent+active"
    """What must decide liveness: ``silent+active``, ``active``; empty: whatever there is (not in production)."""
    calibration: Path | None = None
    """Calibration of the recognition threshold; none: the one that comes with the program."""
    loadtest_instructions: int = 0
    """Under ``policy=loadtest`` alone: how many instructions, drawn from the seed below and so known beforehand, are
    issued in turn; 0: every instruction is new, as everywhere else."""
    loadtest_seed: int = 0
    """What these instructions are drawn from."""
    allow_uncalibrated: bool = False
    """Whether to run without a calibration; never in production."""
    models: Path | None = None
    """Folder of provisioned weights; none: ``models`` in the home."""
    model_cache: tuple[Path, ...] = ()
    """Folders in which weights are looked for before they are fetched, separated like PATH."""
    workers: int = 1
    """Server processes on one port."""
    calls: int = 64
    """Calls worked on at a time in each process; more are refused as OVERLOADED."""
    heavy_calls: int = field(default_factory=lambda: min(64, 4 * _cpus()))
    """Among them, calls of inference and rendering."""
    password_calls: int = field(default_factory=_cpus)
    """Among them, calls that hash a password: logins and registrations, which anybody can send."""
    watchers: int = 20_000
    """Open watches in each process."""
    max_deadline_s: float = 60.0
    """Longest time of a call; missing and longer deadlines are cut to it."""
    admin_deadline_s: float = 3600.0
    """The same for the administrators' listener, where imports take their time."""
    drain_s: float = 20.0
    """How long running calls may still take after SIGTERM."""
    connection_age_s: float = 600.0
    """Age at which connections are closed gently."""
    log_file: Path | None = None
    """Journal, one JSON line per call; none: standard error."""
    tls_certificate: Path | None = None
    """Certificate chain of both listeners (PEM); none: a development certificate, made at first start."""
    tls_key: Path | None = None
    """Its private key (PEM)."""
    admin_client_roots: Path | None = None
    """Who may issue administrators' certificates (PEM); none: the development authority."""
    admin_names: tuple[str, ...] = ("landseal-admin",)
    """Common names of the certificates that are administrators', separated by commas; others of these roots are not."""
    reflection: bool = False
    """Whether grpcurl may ask what there is; for development only."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], uid: int | None = None) -> Settings:
        """Reads all settings.

        Raises:
            SettingsError: with every fault at once.
        """
        faults: list[str] = []
        given: dict[str, Any] = {"home": default_home(environ, os.getuid() if uid is None else uid)}
        for each in fields(cls):
            text = environ.get(PREFIX + each.name.upper())
            if text is None or (text == "" and each.name not in _MAY_BE_EMPTY):
                continue
            try:
                given[each.name] = _PARSERS[str(each.type)](text)
            except ValueError as fault:
                faults.append(f"{PREFIX}{each.name.upper()} {fault}")
        if "liveness" not in given and given.get("policy", "production") != "production":
            given["liveness"] = ""
        settings = cls(**given)
        faults += _faults(settings)
        if faults:
            raise SettingsError(tuple(faults))
        return settings

    def describe(self) -> str:
        """Returns a table of all settings; the database's password is left out."""
        rows = [(PREFIX + each.name.upper(), _shown(each.name, getattr(self, each.name))) for each in fields(self)]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def unknown_names(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Returns variables with our prefix that no part of Landseal reads: typing errors, most likely."""
    known = {PREFIX + each.name.upper() for each in fields(Settings)} | _READ_ELSEWHERE
    return tuple(sorted(name for name in environ if name.startswith(PREFIX) and name not in known))


_READ_ELSEWHERE = {
    PREFIX + name
    for name in (
        "WORKER", "VAULT_KEY", "WEIGHTS", "MODEL_MANIFEST", "DEV_DATA",  # keys, models, tests
        "PROFILE", "PASSPHRASE", "PASSWORD", "ID_NUMBER", "REGISTRATION_CODE", "CAMERA", "LANG",  # clients
        "ADMIN_SERVER",
    )
}  # fmt: skip
_MAY_BE_EMPTY = ("liveness", "admin_listen")


def _parsed_bool(text: str) -> bool:
    if text.lower() not in ("1", "0", "true", "false", "yes", "no"):
        raise ValueError("must be yes or no")
    return text.lower() in ("1", "true", "yes")


def _parsed_int(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        raise ValueError("must be a whole number")
    return int(text)


def _parsed_seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text, re.ASCII):
        raise ValueError("must be a number of seconds")
    return float(text)


def _parsed_path(text: str) -> Path:
    if not Path(text).is_absolute():
        raise ValueError("must be an absolute path")
    return Path(text)


def _parsed_names(text: str) -> tuple[str, ...]:
    names = tuple(each.strip() for each in text.split(","))
    if not all(names):
        raise ValueError("must be names, separated by commas")
    return names


_PARSERS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "bool": _parsed_bool,
    "int": _parsed_int,
    "float": _parsed_seconds,
    "Path": _parsed_path,
    "Path | None": _parsed_path,
    "tuple[str, ...]": _parsed_names,
    "tuple[Path, ...]": lambda text: tuple(_parsed_path(each) for each in text.split(os.pathsep) if each),
}

_LARGEST = {"workers": 256, "calls": 4096, "heavy_calls": 4096, "password_calls": 4096, "watchers": 1_000_000}
_MOST_KNOWN = 1000
_SECONDS = ("max_deadline_s", "admin_deadline_s", "connection_age_s")


def _faults(it: Settings) -> list[str]:
    def says(name: str, text: str) -> str:
        return f"{PREFIX}{name.upper()} {text}"

    faults = [
        says(name, "must be one of " + ", ".join(repr(one) for one in choices))
        for name, choices in (("policy", POLICIES), ("liveness", LIVENESS), ("triton_config_name", TRITON_CONFIGS))
        if getattr(it, name) not in choices
    ]
    for name, most in _LARGEST.items():
        if not 1 <= getattr(it, name) <= most:
            faults.append(says(name, f"must be 1 to {most}"))
    faults += [says(name, "must be at least 1 second") for name in _SECONDS if getattr(it, name) < 1]
    if it.heavy_calls > it.calls:
        faults.append(says("heavy_calls", "must not exceed LANDSEAL_CALLS"))
    faults += [
        says(name, "must be host:port")
        for name in ("listen", "admin_listen", "triton_url")
        if getattr(it, name) and not _is_address(getattr(it, name))
    ]
    if it.database_url and not it.database_url.startswith(("postgresql://", "postgres://")):
        faults.append(says("database_url", "must begin with postgresql://"))
    if it.policy != "loadtest" and (it.loadtest_instructions or it.loadtest_seed):
        faults.append(says("loadtest_instructions", "and LANDSEAL_LOADTEST_SEED need the policy loadtest"))
    if it.loadtest_instructions > _MOST_KNOWN:
        faults.append(says("loadtest_instructions", f"must be 0 to {_MOST_KNOWN}"))
    if (it.tls_certificate is None) != (it.tls_key is None):
        faults.append(says("tls_certificate", "and LANDSEAL_TLS_KEY must be given together"))
    if (it.triton_client_certificate is None) != (it.triton_client_key is None):
        faults.append(says("triton_client_certificate", "and LANDSEAL_TRITON_CLIENT_KEY must be given together"))
    if it.triton_client_certificate and not it.triton_root_certificates:
        faults.append(says("triton_client_certificate", "needs LANDSEAL_TRITON_ROOT_CERTIFICATES"))
    if it.triton_root_certificates and not it.triton_url:
        faults.append(says("triton_root_certificates", "needs LANDSEAL_TRITON_URL; the embedded Triton has its own"))
    if it.policy == "production":
        faults += _production_faults(it, says)
    return faults


def _production_faults(it: Settings, says: Callable[[str, str], str]) -> list[str]:
    faults = []
    if it.liveness != "silent+active":
        faults.append(says("liveness", "must be 'silent+active' under the production policy"))
    if it.allow_uncalibrated:
        faults.append(says("allow_uncalibrated", "is refused under the production policy"))
    if it.reflection:
        faults.append(says("reflection", "is refused under the production policy"))
    if it.triton_url and not it.triton_root_certificates and _reaches_out(it.triton_url):
        faults.append(says("triton_url", "needs LANDSEAL_TRITON_ROOT_CERTIFICATES under the production policy"))
    reached = [name for name in ("listen", "admin_listen") if _reaches_out(getattr(it, name))]
    if reached and it.tls_certificate is None:
        faults.append(
            says("tls_certificate", "must be given for addresses beyond loopback under the production policy")
        )
    if "admin_listen" in reached and it.admin_client_roots is None:
        text = "must be given for an administrators' address beyond loopback under the production policy"
        faults.append(says("admin_client_roots", text))
    return faults


def _reaches_out(address: str) -> bool:
    """Tells whether the address leads beyond this machine; names other than localhost lead anywhere."""
    if not _is_address(address):
        return False
    host = address.rpartition(":")[0].strip("[]")
    try:
        return host != "localhost" and not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def _is_address(text: str) -> bool:
    match = _ADDRESS.fullmatch(text)
    return match is not None and int(match[2]) < 65_536


def _shown(name: str, value: object) -> str:
    if name == "database_url":
        return re.sub(r"(//[^:/@]*):[^@]*@", r"\1:***@", str(value)).partition("?")[0] or "(embedded)"
    if isinstance(value, tuple):
        return ("," if name == "admin_names" else os.pathsep).join(map(str, value))
    return "" if value is None else str(value)
