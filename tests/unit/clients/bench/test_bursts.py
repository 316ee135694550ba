"""Which account sends which burst."""

from __future__ import annotations

from pathlib import Path

import pytest

from landseal.clients.bench.bursts import INSTRUCTIONS, account_of, accounts_for, instructions
from landseal.clients.bench.site import _environment
from landseal.server.settings import Settings


@pytest.mark.parametrize("count", [1, 3, 4, 8, 12, 40, 88, 101])
def test_no_account_answers_one_instruction_twice(count: int) -> None:
    accounts = accounts_for(count)
    sent = [(account_of(i, accounts), i % INSTRUCTIONS) for i in range(count)]
    assert len(set(sent)) == count
    assert all(0 <= account < accounts for account, _ in sent)


def test_the_instructions_are_those_that_the_server_is_told_to_issue(tmp_path: Path) -> None:
    settings = Settings.from_env(_environment(tmp_path, tmp_path / "models", {}))
    assert settings.policy == "loadtest"
    assert settings.loadtest_instructions == len(instructions()) == INSTRUCTIONS
