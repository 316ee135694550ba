"""Turns the driver's errors into ours; no text of the driver passes, since it may repeat stored values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import peewee
import psycopg
from playhouse.pool import MaxConnectionsExceeded  # type: ignore[import-untyped]  # the wheel types peewee only

from landseal.server.domain.errors import DatabaseAway


class ConstraintBroken(ValueError):
    """The database refused a change; the text is the constraint's name."""


_AWAY = (peewee.OperationalError, peewee.InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
_ENDED_TRANSACTION = ("25006", "25P03", "25P04")
"""Read-only after a failover, idle too long, transaction too long: peewee files these under InternalError."""


@contextmanager
def translated() -> Iterator[None]:
    """Raises our errors in place of the driver's.

    Raises:
        DatabaseAway: the connection is lost or cannot be made, the pool is empty, a time limit or a deadlock ended
            the statement.
        ConstraintBroken: a constraint of the database would have been broken.
        ValueError: a value cannot be stored (a NUL in text, a number out of range).
    """
    try:
        yield
    except MaxConnectionsExceeded:
        raise DatabaseAway("no connection became free in time") from None
    except (peewee.IntegrityError, psycopg.IntegrityError) as error:
        raise ConstraintBroken(_constraint(error)) from None
    except (peewee.DataError, psycopg.DataError) as error:
        raise ValueError(f"a value cannot be stored ({_sqlstate(error)})") from None
    except _AWAY as error:
        raise DatabaseAway(_sqlstate(error)) from None
    except (peewee.InternalError, psycopg.InternalError) as error:
        if _sqlstate(error) in _ENDED_TRANSACTION:
            raise DatabaseAway(_sqlstate(error)) from None
        raise


def _original(error: Exception) -> Exception:
    """Returns the driver's error, which peewee's carry with them."""
    original = getattr(error, "orig", None)
    return original if isinstance(original, Exception) else error


def _sqlstate(error: Exception) -> str:
    """Returns PostgreSQL's code (Appendix A of its manual), or the class where there is none."""
    original = _original(error)
    return str(getattr(original, "sqlstate", None) or type(original).__name__)


def _constraint(error: Exception) -> str:
    diagnosis = getattr(_original(error), "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or _sqlstate(error))
