from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser
from pydantic import SecretStr
from structlog.testing import capture_logs

from bridge.actions import catalogue
from bridge.contract import JobState
from bridge.ingress.slack.install import SCOPES
from bridge.sandbox.slack import Slack as EmulatedSlack
from bridge.sandbox.slack import seed
from bridge.settings import Console as ConsoleSettings
from bridge.settings import Server, Slack
from bridge.surfaces.manifest import manifest_of
from tests.clock import Clock
from tests.console.conftest import Visitor, visit
from tests.console.desk import TOKEN, Desk, close_desk, open_desk, settings

Serve = Callable[[web.Application], Awaitable[TestServer]]


async def test_the_token_opens_the_jobs_and_a_wrong_one_says_so(visitor: Visitor) -> None:
    await visitor.sign_in("wrong")
    assert "not the API token" in await visitor.text()
    await visitor.sign_in()
    await visitor.page.wait_for_url("**/console")
    assert "No jobs yet" in await visitor.text()
    assert await visitor.violations() == []


async def test_the_sixth_wrong_token_has_to_wait_and_the_right_one_too(
    visitor: Visitor, clock: Clock
) -> None:
    for _ in range(5):
        await visitor.sign_in("wrong")
    await visitor.sign_in()
    assert "Too many wrong tries. Try again in 60 seconds." in await visitor.text()
    clock.now += 61
    await visitor.sign_in()
    await visitor.page.wait_for_url("**/console")


async def test_signing_out_ends_the_session_and_every_copy_of_its_cookie(visitor: Visitor) -> None:
    await visitor.sign_in()
    await visitor.page.wait_for_url("**/console")
    copied = await visitor.page.context.cookies()
    await visitor.page.get_by_role("button", name="Sign out").click()
    await visitor.page.wait_for_url("**/sign-in")
    await visitor.page.context.add_cookies(copied)  # type: ignore[arg-type]  # what it gave us
    await visitor.open("/console")
    assert visitor.page.url.endswith("/console/sign-in")


async def test_the_cookie_is_http_only_strict_and_lasts_no_longer_than_a_shift(
    visitor: Visitor, clock: Clock
) -> None:
    await visitor.sign_in()
    await visitor.page.wait_for_url("**/console")
    (cookie,) = await visitor.page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    clock.now += 12 * 3600 + 1
    await visitor.open("/console")
    assert visitor.page.url.endswith("/console/sign-in")


async def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(
    tmp_path: Path, clock: Clock, aiohttp_server: Serve
) -> None:
    desk = await open_desk(
        tmp_path, clock, settings(server=Server(public_url="https://bridge.example.com"))
    )
    server = await aiohttp_server(desk.app())
    async with ClientSession() as http, http.get(server.make_url("/console/sign-in")) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-deskbridge-console=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    await close_desk(desk)


async def test_a_token_that_was_rotated_ends_the_sessions_it_began(
    desk: Desk, tmp_path: Path, clock: Clock
) -> None:
    del tmp_path
    sessions = desk.console._sessions
    session = sessions.with_token()
    assert sessions.role(session).word == "operator"
    old = replace(session, key="of another token")
    assert sessions.role(old).word == "nobody"
    clock.now += 12 * 3600 + 1
    assert sessions.role(session).word == "nobody"


async def token_form(http: ClientSession, address: str) -> dict[str, str]:
    page = await (await http.get(f"{address}/console/sign-in")).text()
    return {"token": TOKEN, "csrf": page.split('name="csrf" value="')[1].split('"')[0]}


async def test_strangers_who_sign_out_push_nobody_back_in(desk: Desk, address: str) -> None:
    sessions = desk.console._sessions
    mine = sessions.with_token()
    sessions.leave(mine)
    for _ in range(3):
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
            form = await token_form(http, address)
            await http.post(f"{address}/console/sign-out", data={"csrf": form["csrf"]})
    assert list(sessions._left) == [mine.id]
    assert sessions.role(mine).word == "nobody"


async def test_a_new_sign_in_ends_the_session_before_also_for_a_copy_of_its_cookie(
    address: str,
) -> None:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        form = await token_form(http, address)
        await http.post(f"{address}/console/sign-in", data=form)
        copy = {cookie.key: cookie.value for cookie in http.cookie_jar}
        page = await (await http.get(f"{address}/console")).text()
        form["csrf"] = page.split('name="csrf" value="')[1].split('"')[0]
        again = await http.post(f"{address}/console/sign-in", data=form)
        assert again.url.path == "/console"
    async with ClientSession(cookies=copy, cookie_jar=CookieJar(unsafe=True)) as http:
        asked = await http.get(f"{address}/console", allow_redirects=False)
        assert (asked.status, asked.headers.get("Location")) == (303, "/console/sign-in")


async def test_without_any_way_in_the_page_says_what_to_set(
    tmp_path: Path, clock: Clock, aiohttp_server: Serve
) -> None:
    desk = await open_desk(
        tmp_path, clock, settings(api=settings().api.model_copy(update={"token": None}))
    )
    server = await aiohttp_server(desk.app())
    async with ClientSession() as http, http.get(server.make_url("/console/sign-in")) as answer:
        assert "Set BRIDGE_API_TOKEN" in await answer.text()
    await close_desk(desk)


@pytest.mark.parametrize(
    "path", ["/console", "/console/jobs/x", "/console/stream", "/console/bulk", "/console/nothing"]
)
async def test_nobody_sees_a_page_without_signing_in(address: str, path: str) -> None:
    async with ClientSession() as http:
        answer = await http.get(f"{address}{path}", allow_redirects=False)
        assert answer.status == 303
        assert answer.headers["Location"] == "/console/sign-in"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_form_without_the_sessions_token_is_refused(desk: Desk, address: str) -> None:
    job_id = await desk.put(JobState.PARKED)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        page = await (await http.get(f"{address}/console/sign-in")).text()
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        unsigned = await http.post(f"{address}/console/sign-in", data={"token": TOKEN})
        assert unsigned.status == 403
        signed = await http.post(f"{address}/console/sign-in", data={"token": TOKEN, "csrf": csrf})
        assert signed.status == 200
        for given in ({}, {"csrf": csrf}, {"csrf": "é"}):  # the old session's token is no good
            answer = await http.post(f"{address}/console/jobs/{job_id}/retry", data=given)
            assert answer.status == 403
        assert "nothing was done" in await answer.text()
    job = await desk.store.get(job_id)
    assert job is not None
    assert job.state is JobState.PARKED


async def test_a_refused_form_is_logged_with_its_sender_and_not_our_proxy(
    tmp_path: Path, clock: Clock, aiohttp_server: Serve
) -> None:
    behind = Server(trusted_proxies=["127.0.0.0/8"])
    desk = await open_desk(tmp_path, clock, settings(server=behind))
    page = (await aiohttp_server(desk.app())).make_url("/console/sign-in")
    forwarded = {"X-Forwarded-For": "192.0.2.1, 203.0.113.9"}
    async with ClientSession() as http:
        with capture_logs() as lines:
            assert (await http.post(page, data={}, headers=forwarded)).status == 403
    await close_desk(desk)
    (line,) = (line for line in lines if line["event"] == "console.form_refused")
    assert line["remote"] == "203.0.113.9"


async def test_a_link_from_elsewhere_finds_the_session_although_its_cookie_is_strict(
    visitor: Visitor,
) -> None:
    await visitor.sign_in()
    await visitor.page.wait_for_url("**/console")
    await visitor.page.goto(f"data:text/html,<a href='{visitor.address}/console/sources'>go</a>")
    await visitor.page.get_by_role("link", name="go").click()
    await visitor.page.wait_for_selector("h1:has-text('Sources')")


@pytest.mark.parametrize(
    ("who", "sees"), [(seed.ANNA, "operator"), (seed.MIA, "viewer"), (seed.OLGA, "does not")]
)
async def test_sign_in_with_slack_gives_the_role_of_the_settings(
    tmp_path: Path,
    clock: Clock,
    aiohttp_server: Serve,
    browser: Browser,
    who: str,
    sees: str,
) -> None:
    slack = EmulatedSlack(clock=clock)
    slack.public_url = str((await aiohttp_server(slack.app())).make_url("")).rstrip("/")
    wanted = settings(
        slack=Slack(
            client_id=slack.client_id,
            client_secret=SecretStr(slack.client_secret),
            api_url=f"{slack.public_url}/api/",
        ),
        console=ConsoleSettings(operators=[f"user:{seed.ANNA}"], viewers=[f"team:{seed.TEAM}"]),
    )
    desk = await open_desk(tmp_path, clock, wanted)
    address = str((await aiohttp_server(desk.app())).make_url("")).rstrip("/")
    slack.manifests[slack.app_id] = manifest_of(
        catalogue().values(),
        public_url=address,
        scopes=SCOPES,
        console_sign_in=wanted.console_by_slack,
    )
    visitor = await visit(browser, address)
    await visitor.open("/console/sign-in")
    await visitor.page.get_by_role("link", name="Sign in with Slack").click()
    await visitor.page.get_by_role("link", name=slack.users[who].real_name).click()
    await visitor.page.wait_for_selector(f"text={sees}")
    assert await visitor.violations() == []
    await close_desk(desk)


async def test_an_answer_from_slack_that_this_browser_did_not_ask_for_is_refused(
    tmp_path: Path, clock: Clock, aiohttp_server: Serve
) -> None:
    wanted = settings(
        slack=Slack(client_id="1.2", client_secret=SecretStr("s")),
        console=ConsoleSettings(operators=["user:U0ANNA0001"]),
    )
    desk = await open_desk(tmp_path, clock, wanted)
    server = await aiohttp_server(desk.app())
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        start = await http.get(server.make_url("/console/slack/start"), allow_redirects=False)
        asked = parse_qs(urlsplit(start.headers["Location"]).query)
        assert asked["redirect_uri"] == [str(server.make_url("/console/slack/back"))]
        wrong = await http.get(server.make_url("/console/slack/back?code=x&state=another"))
        assert wrong.status == 403
        assert "please start again" in (await wrong.text()).lower()
        denied = await http.get(
            server.make_url(f"/console/slack/back?error=access_denied&state={asked['state'][0]}")
        )
        assert "access_denied" in await denied.text()
    await close_desk(desk)
