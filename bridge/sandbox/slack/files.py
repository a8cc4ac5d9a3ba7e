"""Uploading a file in the three steps of the current API, and reading it back.

https://docs.slack.dev/messaging/working-with-files: a URL is asked for, the bytes go there, and only the
completion shows the file in a channel. The old files.upload is gone. A bot must be in the channel:
`chat:write.public` does not help files.
"""

from __future__ import annotations

from aiohttp import web

from bridge.sandbox.slack.methods import ApiError, Call, method
from bridge.sandbox.slack.model import Channel, File, Json, Message
from bridge.sandbox.slack.workspace import Workspace


@method("files.upload")
async def files_upload(_: Call) -> Json:
    """https://docs.slack.dev/reference/methods/files.upload, retired on 12 November 2025."""
    raise ApiError("method_deprecated")


@method("files.getUploadURLExternal", "files:write", takes_json=False)
async def get_upload_url(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/files.getUploadURLExternal."""
    name, length = call.text("filename"), call.number("length", 0)
    if not name or length <= 0:
        missing = {"messages": ["[ERROR] missing required field: filename or length"]}
        raise ApiError("invalid_arguments", response_metadata=missing)
    file = File(call.slack.new_id("F0"), call.team.id, name, length, title=name)
    call.slack.files[file.id] = file
    url = f"{call.slack.public_url}/upload/v1/{file.id}"
    return {"upload_url": url, "file_id": file.id}


@method("files.completeUploadExternal", "files:write")
async def complete_upload(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/files.completeUploadExternal."""
    wanted = call.json("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted:
        raise ApiError("invalid_arguments")
    files = [_uploaded(call, item) for item in wanted]
    targets = call.text("channel_id") or call.text("channels")
    channels = [_shareable(call, target) for target in targets.split(",") if target]
    for file, item in zip(files, wanted, strict=True):
        file.title = str(item.get("title") or file.name)
        file.completed = True
        file.channels = [channel.id for channel in channels]
    for channel in channels:
        message = Message(
            call.slack.next_ts(),
            channel.id,
            call.team.bot_user_id,
            call.text("initial_comment"),
            bot_id=call.team.bot_id,
            app_id=call.slack.app_id,
            thread_ts=call.text("thread_ts") or None,
            files=files,
            via="files",
        )
        call.slack.put(message)
    for file in files:
        call.slack.record("upload_file", file.id, name=file.name, channels=file.channels)
    return {"files": [_shown(call, file) for file in files]}


@method("files.info", "files:read", takes_json=False)
async def files_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/files.info."""
    file = call.slack.files.get(call.text("file", missing="file_not_found"))
    if file is None or file.team_id != call.team.id or not file.completed:
        raise ApiError("file_not_found")
    return {"file": _shown(call, file)}


def _uploaded(call: Call, item: Json) -> File:
    file = call.slack.files.get(str(item.get("id")))
    if file is None or file.team_id != call.team.id or file.content is None:
        raise ApiError("file_not_found")
    if file.completed:
        raise ApiError("file_update_failed")
    return file


def _shareable(call: Call, target: str) -> Channel:
    call.args["channel"] = target
    channel = call.channel()
    if channel.archived:
        raise ApiError("is_archived")
    if call.team.bot_user_id not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _shown(call: Call, file: File) -> Json:
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "size": file.length,
        "mode": "hosted",
        "channels": file.channels,
        "url_private": f"{call.slack.public_url}/files-pri/{file.id}/{file.name}",
    }


class Files(Workspace):
    """Takes the bytes and gives them back."""

    async def receive_file(self, request: web.Request) -> web.Response:
        """The second step: raw bytes, or a form with a part called `file` or `filename`."""
        file = self.files.get(request.match_info["file"])
        if file is None or file.content is not None:
            return web.Response(status=404, text="Not Found")
        content = await request.read()
        if len(content) != file.length:
            return web.Response(status=400, text=f"expected {file.length} bytes")
        file.content = content
        return web.Response(text=f"OK - {len(content)}")

    async def give_file(self, request: web.Request) -> web.Response:
        """The bytes again, as a download that no browser renders."""
        file = self.files.get(request.match_info["file"])
        if file is None or file.content is None or not file.completed:
            return web.Response(status=404)
        headers = {
            "Content-Disposition": "attachment",
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(
            body=file.content, content_type="application/octet-stream", headers=headers
        )
