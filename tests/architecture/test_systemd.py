"""The units, as systemd itself reads them. What is not shown here: a boot with them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).resolve().parents[2] / "systemd"
UNITS = {"choba-server": 1.5, "choba-device": 2.0}


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_to_complain_about(unit: str, tmp_path: Path) -> None:
    text = (SYSTEMD / f"{unit}.service").read_text("utf-8")
    program = re.search(r"^ExecStart=(\S+)", text, re.MULTILINE)
    assert program is not None
    # the unit names the place of an installation; the executable stands in for it here
    executable = tmp_path / "bin" / unit
    executable.parent.mkdir()
    shutil.copy("/bin/true", executable)
    installed = tmp_path / f"{unit}.service"
    installed.write_text(text.replace(program[1], str(executable)), "utf-8")
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(installed)],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in result.stderr.splitlines() if unit in line]
    assert not complaints, complaints
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(("unit", "most"), UNITS.items())
def test_exposure_stays_low(unit: str, most: float) -> None:
    result = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", SYSTEMD / f"{unit}.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert level is not None, result.stderr
    assert float(level[1]) <= most


@pytest.mark.parametrize("unit", UNITS)
def test_it_comes_back_and_is_watched(unit: str) -> None:
    text = (SYSTEMD / f"{unit}.service").read_text("utf-8")
    for directive in (
        "Type=notify",
        "Restart=always",
        "WatchdogSec=",
        f"User={unit.removesuffix('-server')}",
        "StateDirectory=",
    ):
        assert f"\n{directive}" in text
    users = (SYSTEMD / "sysusers.d" / "choba.conf").read_text("utf-8")
    user = re.search(r"^User=(\S+)", text, re.MULTILINE)
    assert user is not None
    assert f"u {user[1]} " in users
