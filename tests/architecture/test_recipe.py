"""Rules of the house that no other tool checks."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def committed() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_lock_files_name_no_index() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text("utf-8")
        assert "://" not in text, f"{lock.name} names an address"
        if lock.name != "debian.txt":
            assert "--hash=sha256:" in text


def test_no_private_key_or_index_host_is_committed() -> None:
    key = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{20}")
    index = re.compile(
        rb"(?:files\.python" + rb"hosted|registry\.npm" + rb"js|deb\.deb" + rb"ian)\."
    )
    for path in committed():
        data = path.read_bytes()
        assert not key.search(data), f"{path.relative_to(ROOT)} holds a private key"
        assert not index.search(data), f"{path.relative_to(ROOT)} names a package index"


@pytest.mark.parametrize("room", ["device", "server", "protos", "hardware"])
def test_every_package_says_what_it_is(room: str) -> None:
    for init in (ROOT / room).rglob("__init__.py"):
        if "protos/choba" in init.as_posix():
            continue
        assert init.read_text("utf-8").startswith('"""'), f"{init.relative_to(ROOT)}: no docstring"


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += extra
    names = {re.split(r"[\[<>=! ]", line)[0].lower() for line in wanted} - {"choba"}
    lock = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    locked = {line.split("==")[0].lower() for line in lock.splitlines() if "==" in line}
    assert names <= locked, f"run make lock: {sorted(names - locked)}"
