"""What the person who starts a counter is told when it cannot start."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_journal_that_cannot_be_opened_is_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").mkdir()  # a folder where the file should be
    config = tmp_path / "device.toml"
    config.write_text("[sound]\nenabled = false\n", "utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "device"),
            *("--config", str(config), "--state-dir", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "SDL_VIDEODRIVER": "offscreen", "SDL_AUDIODRIVER": "dummy"},
    )
    assert done.returncode == 78
    told = done.stderr.splitlines()[-1]
    assert "CHOBA_JOURNAL_FAILED" in told
    assert "Traceback" not in done.stderr
