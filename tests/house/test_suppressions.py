"""Every suppression names its rule and carries its reason."""

from __future__ import annotations

import io
import re
import tokenize

from support.tree import modules

# A rule's name in the marker, then a reason, if only in one word, behind a hash or a dash.
_WITH_REASON = {
    "noqa": re.compile(r"#\s*(ruff: )?noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*\s+(-|–|#)\s*(\S+ \S|\S{5})"),
    "type: ignore": re.compile(r"#\s*type: ignore\[[a-z-]+(, ?[a-z-]+)*\]\s+(-|–|#)\s*(\S+ \S|\S{5})"),
    "pragma: no cover": re.compile(r"#\s*pragma: no cover\s+(-|–|#)\s*(\S+ \S|\S{5})"),
    "pylint:": re.compile(r"(?!)"),
}


def _comments(text: str) -> list[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def test_every_suppression_carries_its_reason() -> None:
    bare = [
        f"{found.path}:{line}: {comment}"
        for found in modules("server", "inference", "clients", "model_repository", "protos", "tests")
        for line, comment in _comments(found.text)
        for marker, pattern in _WITH_REASON.items()
        if marker in comment and not pattern.search(comment)
    ]
    assert bare == []
