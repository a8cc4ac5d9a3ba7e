"""Downloads: transcript PDFs under /file-upload/, channel exports under /data-export/.

Both take the API's login headers or `rc_uid` and `rc_token` (cookie or query). Source:
`app/file-upload/server/lib/FileUpload.ts` and `server/routes/userDataDownload.ts`.
"""

from __future__ import annotations

import io
from urllib.parse import quote

from aiohttp import web

from bridge.sandbox.rocketchat.gate import caller_of
from bridge.sandbox.rocketchat.state import StoredFile, User
from bridge.sandbox.rocketchat.workspace import Workspace


async def file_upload(rc: Workspace, request: web.Request) -> web.StreamResponse:
    """GET /file-upload/:fileId/:name for everyone who may see the room."""
    rc.settle()
    stored = rc.files.get(request.match_info["file_id"])
    if stored is None or stored.owner_id is not None:
        return web.Response(status=404)
    user = _downloader(rc, request)
    room = rc.rooms.get(stored.rid)
    if user is None or room is None or not rc.can_access_room(user, room):
        return web.Response(status=403)
    return _download(stored)


async def data_export(rc: Workspace, request: web.Request) -> web.StreamResponse:
    """GET /data-export/:fileId for the user who asked, and nobody else."""
    rc.settle()
    stored = rc.files.get(request.match_info["file_id"])
    if stored is None or stored.owner_id is None:
        return web.Response(status=404, text="<h1>404</h1>", content_type="text/html")
    user = _downloader(rc, request)
    if user is None or user.id != stored.owner_id or not rc.settings.user_data_download:
        return web.Response(status=403, text="<h1>403</h1>", content_type="text/html")
    return _download(stored)


def _downloader(rc: Workspace, request: web.Request) -> User | None:
    user = caller_of(rc, request)
    if user is not None:
        return user
    given = {**request.cookies, **request.query}
    known = rc.users.get(given.get("rc_uid", ""))
    return known if known is not None and known.token == given.get("rc_token") else None


def _download(stored: StoredFile) -> web.Response:
    disposition = f"attachment; filename*=UTF-8''{quote(stored.name)}"
    return web.Response(
        # A payload instead of bytes: the log of exchanges reads text only.
        body=io.BytesIO(stored.content),
        content_type=stored.content_type,
        headers={"Content-Disposition": disposition},
    )
