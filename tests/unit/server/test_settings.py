"""Settings: one frozen thing, all faults at once, no secret shown."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from landseal.server.crypto.certificates import ADMIN_NAME
from landseal.server.settings import PREFIX, Settings, SettingsError, unknown_names


def read(**given: str) -> Settings:
    return Settings.from_env({PREFIX + name.upper(): value for name, value in given.items()}, uid=0)


def faults(**given: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(**given)
    return caught.value.faults


def test_nothing_given_is_a_production_server_on_loopback_with_embedded_engines() -> None:
    it = read()
    assert (it.policy, it.liveness) == ("production", "silent+active")
    assert (it.listen, it.admin_listen) == ("127.0.0.1:50443", "127.0.0.1:50444")
    assert (it.database_url, it.triton_url, it.home) == ("", "", Path("/var/lib/landseal"))
    assert not it.allow_uncalibrated
    assert not it.reflection


def test_others_than_root_live_in_their_own_data_folder() -> None:
    assert Settings.from_env({"HOME": "/home/x"}, uid=1000).home == Path("/home/x/.local/share/landseal")
    assert Settings.from_env({"XDG_DATA_HOME": "/data"}, uid=1000).home == Path("/data/landseal")
    assert Settings.from_env({"LANDSEAL_HOME": "/srv/l"}, uid=1000).home == Path("/srv/l")


def test_demo_takes_the_liveness_that_there_is_unless_told() -> None:
    assert read(policy="demo").liveness == ""
    assert read(policy="loadtest", liveness="silent+active").liveness == "silent+active"


def test_every_fault_is_reported_at_once() -> None:
    told = faults(
        workers="0", calls="many", listen="nowhere", policy="lax", database_url="mysql://x", home="relative",
        max_deadline_s="-1", reflection="perhaps", tls_key="/k",
    )  # fmt: skip
    names = {fault.split()[0].removeprefix(PREFIX) for fault in told}
    assert names == {
        "WORKERS", "CALLS", "LISTEN", "POLICY", "DATABASE_URL", "HOME", "MAX_DEADLINE_S", "REFLECTION",
        "TLS_CERTIFICATE",
    }  # fmt: skip


@pytest.mark.parametrize(
    "given", [{"liveness": "active"}, {"liveness": ""}, {"allow_uncalibrated": "1"}, {"reflection": "yes"}]
)
def test_production_refuses_what_would_weaken_it(given: dict[str, str]) -> None:
    (fault,) = faults(**given)
    assert fault.startswith(PREFIX + next(iter(given)).upper())


@pytest.mark.parametrize("address", ["127.0.0.1:1", "[::1]:50443", "localhost:0", "host.example:65535"])
def test_addresses_that_can_be_bound_are_taken(address: str) -> None:
    assert read(policy="demo", listen=address).listen == address


@pytest.mark.parametrize("address", ["127.0.0.1", ":1", "h:65536", "h:1\n", "a b:1", "unix:/x"])
def test_other_addresses_are_refused(address: str) -> None:
    assert len(faults(listen=address)) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.7", "land.example", "localhost.example"])  # noqa: S104 - refused
def test_production_shows_nobody_outside_the_development_certificate(host: str) -> None:
    own = {"tls_certificate": "/c", "tls_key": "/k"}
    (fault,) = faults(listen=f"{host}:1")
    assert fault.startswith(PREFIX + "TLS_CERTIFICATE")
    told = faults(admin_listen=f"{host}:1")
    assert [each.split()[0] for each in told] == [PREFIX + "TLS_CERTIFICATE", PREFIX + "ADMIN_CLIENT_ROOTS"]
    (fault,) = faults(admin_listen=f"{host}:1", **own)
    assert fault.startswith(PREFIX + "ADMIN_CLIENT_ROOTS")
    read(listen=f"{host}:1", **own)
    read(listen=f"{host}:1", admin_listen=f"{host}:2", admin_client_roots="/r", **own)
    read(policy="demo", listen=f"{host}:1", admin_listen=f"{host}:2")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "[::1]", "localhost"])
def test_on_loopback_the_development_certificate_will_do(host: str) -> None:
    assert read(listen=f"{host}:1", admin_listen=f"{host}:2").tls_certificate is None
    assert read(listen=f"{host}:1", admin_listen="").admin_listen == ""


def test_administrators_are_named_by_their_certificates_common_names() -> None:
    assert read().admin_names == (ADMIN_NAME,)
    assert read(admin_names="registrar, Zhang San").admin_names == ("registrar", "Zhang San")
    assert len(faults(admin_names="a,,b")) == len(faults(admin_names=" ")) == 1
    assert "registrar,auditor" in read(admin_names="registrar,auditor").describe()


@pytest.mark.parametrize("host", ["192.0.2.1", "faces.internal", "[2001:db8::1]", "128.0.0.1", "localhost.example"])
def test_production_reaches_a_triton_elsewhere_with_tls_only(host: str) -> None:
    (fault,) = faults(triton_url=f"{host}:8001")
    assert fault.startswith(PREFIX + "TRITON_URL")
    assert read(triton_url=f"{host}:8001", triton_root_certificates="/r").triton_root_certificates == Path("/r")
    read(policy="demo", triton_url=f"{host}:8001")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "[::1]", "localhost"])
def test_a_triton_on_loopback_may_speak_no_tls(host: str) -> None:
    assert read(triton_url=f"{host}:8001").triton_root_certificates is None


@pytest.mark.parametrize(
    "given",
    [
        {"triton_url": "h:1", "triton_root_certificates": "/r", "triton_client_certificate": "/c"},
        {"triton_url": "h:1", "triton_root_certificates": "/r", "triton_client_key": "/k"},
        {"triton_url": "127.0.0.1:1", "triton_client_certificate": "/c", "triton_client_key": "/k"},
        {"triton_root_certificates": "/r"},
    ],
)
def test_halves_of_tritons_tls_are_refused(given: dict[str, str]) -> None:
    (fault,) = faults(**given)
    assert fault.startswith(PREFIX + "TRITON_")


def test_no_secret_is_shown() -> None:
    it = read(database_url="postgresql://land:hunter2@db:5432/land?password=hunter2")
    assert "hunter2" not in repr(it)
    assert "hunter2" not in it.describe()
    assert "postgresql://land:***@db:5432/land" in it.describe()
    assert "hunter2" not in "".join(faults(database_url="mysql://land:hunter2@db/land"))


def test_the_table_names_every_setting() -> None:
    table = read().describe()
    for field in dataclasses.fields(Settings):
        assert PREFIX + field.name.upper() in table


def test_misspelt_names_are_found() -> None:
    assert unknown_names({"LANDSEAL_LIVENES": "x", "LANDSEAL_HOME": "/x", "OTHER": "y"}) == ("LANDSEAL_LIVENES",)


def test_folders_of_weights_are_separated_like_path() -> None:
    assert read(model_cache="/a:/b").model_cache == (Path("/a"), Path("/b"))


@pytest.mark.parametrize("policy", ["production", "demo"])
@pytest.mark.parametrize("name", ["loadtest_instructions", "loadtest_seed"])
def test_known_instructions_are_refused_outside_the_load_test(policy: str, name: str) -> None:
    known = {"LANDSEAL_HOME": "/h", "LANDSEAL_POLICY": policy, f"LANDSEAL_{name.upper()}": "3"}
    with pytest.raises(SettingsError) as refused:
        Settings.from_env(known, uid=1)
    assert any("need the policy loadtest" in fault for fault in refused.value.faults)


def test_the_load_test_may_know_its_instructions() -> None:
    known = {"LANDSEAL_HOME": "/h", "LANDSEAL_POLICY": "loadtest", "LANDSEAL_LOADTEST_INSTRUCTIONS": "4"}
    assert Settings.from_env(known, uid=1).loadtest_instructions == 4
