"""Generate the stubs in protos/choba/v1, or check that the committed ones are fresh.

    python tools/build_protos.py           # write
    python tools/build_protos.py --check   # compare; exit 1 names each stale file

Imports are rewritten from ``choba.v1`` to ``protos.choba.v1``, because the package lives there.
"""

import argparse
import re
import sys
import tempfile
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent / "protos"
IMPORT = re.compile(r"^((?:from|import) )(choba\.v1)", re.MULTILINE)
SERVICE = re.compile(r"^service ", re.MULTILINE)
TYPED_REFERENCE = re.compile(r"(?<![\w.])choba\.v1\.")


def generate(out: Path) -> list[Path]:
    """Run protoc for every contract into ``out``; return the files made."""
    sources = sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("choba/v1/*.proto"))
    well_known = str(resources.files("grpc_tools") / "_proto")
    arguments = [
        "protoc",
        f"-I{ROOT}",
        f"-I{well_known}",
        f"--python_out={out}",
        f"--mypy_out=quiet:{out}",
        f"--grpc_python_out={out}",
        f"--mypy_grpc_out=quiet:{out}",
        *sources,
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc refused a contract: see above")
    made = sorted(p for p in out.rglob("*_pb2*") if p.is_file())
    for path in made:
        contract = ROOT / "choba" / "v1" / f"{path.name.split('_pb2')[0]}.proto"
        if "_pb2_grpc" in path.name and not SERVICE.search(contract.read_text("utf-8")):
            path.unlink()  # a file of messages alone has no calls
            continue
        path.write_text(rewrite(path.read_text("utf-8"), path.suffix == ".pyi"), "utf-8")
    return [p for p in made if p.exists()]


def rewrite(text: str, typed: bool) -> str:
    """Point imports at the package's place in this project."""
    text = IMPORT.sub(r"\1protos.choba.v1", text)
    return TYPED_REFERENCE.sub("protos.choba.v1.", text) if typed else text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        fresh = {p.relative_to(out): p.read_bytes() for p in generate(out)}
    committed = {p.relative_to(ROOT) for p in ROOT.rglob("*_pb2*") if "__pycache__" not in str(p)}
    if check:
        stale = [p for p, data in fresh.items() if not _same(ROOT / p, data)]
        stale += sorted(committed - fresh.keys())
        for path in stale:
            print(f"stale: protos/{path} (run: make protos)", file=sys.stderr)
        return 1 if stale else 0
    for path in committed - fresh.keys():
        (ROOT / path).unlink()
    for path, data in fresh.items():
        (ROOT / path).write_bytes(data)
    return 0


def _same(path: Path, data: bytes) -> bool:
    return path.exists() and path.read_bytes() == data


if __name__ == "__main__":
    raise SystemExit(main())
