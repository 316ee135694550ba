"""Runs one engine and lets it outlive nobody: ``python -I -S shepherd.py [options] -- command``.

A process of its own, standard library only, single threaded. Who dies, and what then happens:

1. The program that started it (even by SIGKILL): its end of the lifeline (standard input) closes, and the parent's id
   changes; the engine is asked to stop, and killed after ``--orphan-grace``.
2. This shepherd (even by SIGKILL): the kernel sends the engine ``--death-signal`` (PR_SET_PDEATHSIG, set after the
   change of account, which would clear it).
3. The engine: its remaining children are killed (they are given to this process as their subreaper), files named by
   ``--sweep`` are removed, and the exit code is passed on.

SIGTERM or SIGINT to the shepherd is the polite stop, with ``--grace``. The engine's process id is the only line on
standard output.
"""

from __future__ import annotations

import argparse
import ctypes
import glob
import os
import resource
import select
import signal
import sys
import time
from dataclasses import dataclass

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

_POLL_S = 0.5
"""How often the parent's id is looked at; the lifeline and signals are noticed at once."""
_GUARD_PATIENCE_S = 1.5
"""How long the engine's processes may take to end by themselves after their shepherd was killed."""
_GUARD_S = 10.0
"""How long the guard goes on killing what is left."""

_LIFELINE = 0


@dataclass
class _Flags:
    """What signal handlers leave behind."""

    asked: bool = False


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True, help="process id of the program that wants the engine")
    parser.add_argument("--uid", type=int, help="run the engine under this user id")
    parser.add_argument("--gid", type=int, help="run the engine under this group id")
    parser.add_argument("--cwd", default="/", help="working folder of the engine")
    parser.add_argument("--stop-signal", type=int, default=int(signal.SIGTERM), help="asks the engine to stop")
    parser.add_argument("--death-signal", type=int, default=int(signal.SIGKILL), help="sent when the shepherd dies")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds between the asking and SIGKILL")
    parser.add_argument("--orphan-grace", type=float, default=3.0, help="the same when the parent is gone")
    parser.add_argument("--sweep", help="pattern of files to remove when the engine has ended")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def _prctl(libc: ctypes.CDLL, option: int, value: int) -> None:
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _become_engine(options: argparse.Namespace, libc: ctypes.CDLL, shepherd: int) -> None:
    """Turns the forked child into the engine; does not return."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    # A core dump of an engine would hold faces and rows.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    os.chdir(options.cwd)
    if options.uid is not None:
        os.setgroups([])
        os.setgid(options.gid)
        os.setuid(options.uid)
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    _prctl(libc, _PR_SET_PDEATHSIG, options.death_signal)
    if os.getppid() != shepherd:  # it died before the kernel knew whom to tell
        os._exit(125)
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.execv(options.command[0], options.command)


def _launch(options: argparse.Namespace, libc: ctypes.CDLL) -> int:
    shepherd = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            _become_engine(options, libc, shepherd)
        except BaseException as error:  # the fork must end here, and never run on as a second shepherd
            os.write(2, f"the engine could not be started: {error}\n".encode())
        finally:
            os._exit(127)
    return child


def _in_session(leader: int) -> list[int]:
    """Process ids of all living members of the session that the engine leads."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] == str(leader) and fields[0] != "Z":
            found.append(int(name))
    return found


def _guard(engine: int, lifeline: int) -> None:
    """Waits for the shepherd's end, then leaves the engine a moment to follow and kills what is left of its session.

    The kernel ends the engine itself when its shepherd is killed, but not the engine's own children: Triton's stubs
    were seen to sleep on for good.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    os.closerange(0, lifeline)
    os.closerange(lifeline + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    while os.read(lifeline, 1):
        pass
    begin = time.monotonic()
    while (members := _in_session(engine)) and time.monotonic() < begin + _GUARD_S:
        if time.monotonic() > begin + _GUARD_PATIENCE_S:
            for pid in members:
                _send(pid, signal.SIGKILL)
        time.sleep(0.05)


def _leave_guard(engine: int) -> int:
    """Forks the guard; it lives as long as the returned end of its lifeline is open here."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            os.setsid()
            os.close(writing)
            _guard(engine, reading)
        finally:
            os._exit(0)
    os.close(reading)
    return writing


def _listen(flags: _Flags) -> int:
    """Routes signals into a pipe that ``select`` can watch; returns its reading end."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def ask(_number: int, _frame: object) -> None:
        flags.asked = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return reading


def _drain(reading: int) -> None:
    try:
        while os.read(reading, 512):
            pass
    except BlockingIOError:
        return


def _reap(engine: int) -> int | None:
    """Collects every child that has ended; returns the engine's exit code once it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == engine:
            code = os.waitstatus_to_exitcode(status)


def _children() -> list[int]:
    """Process ids of all living children, adopted ones included."""
    me, found = str(os.getpid()), []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()  # the name before it may hold anything
        except OSError:
            continue
        if fields[1] == me and fields[0] != "Z":
            found.append(int(name))
    return found


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _kill_children() -> None:
    """Kills what the engine left behind; the children of the killed become ours and are killed in the next round."""
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        children = _children()
        for pid in children:
            _send(pid, signal.SIGKILL)
        _reap(-1)
        if not children:
            return
        time.sleep(0.01)


def _orphaned(options: argparse.Namespace, readable: list[int]) -> bool:
    # The parent's id is looked at too: a forked sibling of ours may hold the lifeline open.
    return (_LIFELINE in readable and os.read(_LIFELINE, 64) == b"") or os.getppid() != options.parent


def _herd(options: argparse.Namespace, engine: int, wake: int, flags: _Flags) -> int:
    """Waits for the engine to end, or ends it; returns its exit code."""
    deadline = None
    watched = [_LIFELINE, wake]
    while True:
        pause = _POLL_S if deadline is None else max(0.0, min(_POLL_S, deadline - time.monotonic()))
        readable = select.select(watched, [], [], pause)[0]
        _drain(wake)
        code = _reap(engine)
        if code is not None:
            return code
        if _LIFELINE in watched and _orphaned(options, readable):
            watched.remove(_LIFELINE)
            soon = time.monotonic() + options.orphan_grace
            deadline = soon if deadline is None else min(deadline, soon)
            _send(engine, options.stop_signal)
        elif flags.asked and deadline is None:
            deadline = time.monotonic() + options.grace
            _send(engine, options.stop_signal)
        if deadline is not None and time.monotonic() >= deadline:
            _send(engine, signal.SIGKILL)


def main() -> int:
    """Runs the engine named on the command line until it, or the wish for it, ends."""
    options = _options()
    libc = ctypes.CDLL(None, use_errno=True)
    _prctl(libc, _PR_SET_CHILD_SUBREAPER, 1)
    flags = _Flags()
    wake = _listen(flags)
    engine = _launch(options, libc)
    _leave_guard(engine)
    os.write(1, f"{engine}\n".encode())
    code = _herd(options, engine, wake, flags)
    _kill_children()
    for path in glob.glob(options.sweep) if options.sweep else ():
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
