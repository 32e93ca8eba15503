"""The wallet's own files, from memory, with a name that changes with their content."""

import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.web.wallet.security import FILE_POLICY

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "wasm": "application/wasm",
    "woff2": "font/woff2",
}
_COMPRESSED: Final = frozenset({"woff2"})
_FIXED: Final = ("vendor/", "fonts/")
"""Named by plain relative names from modules and style sheets; a new content gets a new name."""
FOREVER: Final = "public, max-age=31536000, immutable"
A_WHILE: Final = "public, max-age=300"


@dataclass(slots=True)
class _File:
    body: bytes
    kind: str
    digest: str
    zipped: bytes | None = None


class StaticFiles:
    """Serves ``static/``. Fonts and the vendored decoder have names that never change meaning, the
    rest carries its digest in the query; both may be kept for good."""

    def __init__(self) -> None:
        self._files = dict(_walk(resources.files("server.web.wallet") / "static"))

    def url(self, name: str) -> str:
        """Where a page finds a file. Raises KeyError for one that isn't there."""
        file = self._files[name]
        if name.startswith(_FIXED):
            return f"/static/{name}"
        return f"/static/{name}?v={file.digest}"

    def font(self, face: str) -> str:
        """Where the font of a face is; its file's name carries a digest. Raises KeyError."""
        for name in self._files:
            if name.startswith(f"fonts/{face}."):
                return self.url(name)
        raise KeyError(face)

    async def answer(self, request: Request) -> Response:
        """The route's endpoint."""
        name = request.path_params["name"]
        file = self._files.get(name)
        if file is None:
            raise HTTPException(404)
        fixed = request.query_params.get("v") == file.digest or name.startswith(_FIXED)
        headers = {
            "Cache-Control": FOREVER if fixed else A_WHILE,
            "Content-Security-Policy": FILE_POLICY,
            "ETag": f'"{file.digest}"',
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        body = file.body
        if file.kind not in _COMPRESSED and "gzip" in request.headers.get("accept-encoding", ""):
            if file.zipped is None:
                file.zipped = await to_thread.run_sync(gzip.compress, file.body)
            body = file.zipped
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type=_TYPES[file.kind], headers=headers)


def _walk(folder: Traversable, prefix: str = "") -> list[tuple[str, _File]]:
    found: list[tuple[str, _File]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        elif (kind := entry.name.rpartition(".")[2]) in _TYPES:
            body = entry.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:16]
            found.append((prefix + entry.name, _File(body, kind, digest)))
    return found
