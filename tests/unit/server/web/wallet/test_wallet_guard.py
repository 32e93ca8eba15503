"""Cookies, forms, headers, sizes: what keeps the pages to their owner, and light."""

import gzip
import re
from pathlib import Path

import httpx
import pytest

from server.web.wallet import PlainHttp
from tests.support.wallet import HANAKO, Phone, Street, TownPlan, a_street

BUDGET = 20_000
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def test_cookies_are_for_this_host_over_tls_and_not_for_scripts(street: Street) -> None:
    async with street.phone() as phone:
        await phone.sign_in()
        cookies = {cookie.name: cookie for cookie in phone.client.cookies.jar}
    assert "__Host-choba-session" in cookies
    for name, cookie in cookies.items():
        assert name.startswith("__Host-"), name
        assert cookie.secure, name
        assert cookie.has_nonstandard_attr("HttpOnly"), name
        assert cookie.get_nonstandard_attr("SameSite") == "lax", name
        assert cookie.path == "/", name
        assert not cookie.domain_specified, name


@pytest.mark.parametrize("path", ["/signin", "/static/wallet.js", "/nothing-here"])
async def test_every_answer_carries_the_headers(street: Street, path: str) -> None:
    async with street.phone() as phone:
        headers = (await phone.client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "http" not in policy, "no third party"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert "camera=(self)" in headers["permissions-policy"]


async def test_pages_are_not_kept_by_caches_and_files_are(street: Street) -> None:
    async with street.phone() as phone:
        page = await phone.client.get("/signin")
        assert page.headers["cache-control"] == "no-store"
        for url in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
            file = await phone.client.get(url)
            assert file.status_code == 200, url
            assert "immutable" in file.headers["cache-control"], url
        again = await phone.client.get(
            "/static/wallet.css", headers={"if-none-match": file.headers["etag"]}
        )
        assert again.status_code in {200, 304}


def test_no_page_has_script_or_style_in_it() -> None:
    room = Path(__file__).resolve().parents[5] / "server" / "web" / "wallet"
    for template in (room / "templates").glob("*.html"):
        html = template.read_text("utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", html), template.name
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html), template.name
    for script in (room / "static").glob("*.js"):
        assert "innerHTML" not in script.read_text("utf-8"), script.name


async def test_a_form_of_another_site_moves_nothing(street: Street, hanako: Phone) -> None:
    page = await hanako.scan(street.town.qr(5001, amount=700))
    fields = page.form("/pay").fields
    for headers in (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
    ):
        answer = await hanako.client.post("/pay", data=fields, headers=headers)
        assert answer.status_code == 403
        assert "お金は動いていません" in answer.text
    for token in ("", "x", fields["csrf"][:-2]):
        answer = await hanako.client.post("/pay", data=fields | {"csrf": token})
        assert answer.status_code == 403
    async with street.phone() as other:
        await other.sign_in("080 1111 2222")
        page = await other.open("/menu")
        stolen = page.form("/signout").fields["csrf"]
    answer = await hanako.client.post("/pay", data=fields | {"csrf": stolen})
    assert answer.status_code == 403
    assert street.town.count("payments") == 0


async def test_forms_are_bounded_and_of_one_kind(street: Street) -> None:
    async with street.phone() as phone:
        long = await phone.client.post("/signin", content=b"a=" + b"x" * 20_000, headers=FORM)
        many = await phone.client.post("/signin", content=b"a=1&" * 60, headers=FORM)
        json = await phone.client.post("/signin", json={"phone": HANAKO})
        broken = await phone.client.post("/signin", content=b"a=%ff", headers=FORM)
    statuses = [answer.status_code for answer in (long, many, json, broken)]
    assert statuses == [413, 400, 415, 400]


@pytest.mark.parametrize("path", ["/pay", "/pay/claim", "/pay/stop", "/scan", "/signout"])
async def test_what_changes_something_is_no_get(hanako: Phone, street: Street, path: str) -> None:
    before = street.town.count("claims")
    answer = await hanako.client.get(path)
    assert answer.status_code in {200, 303, 405}
    assert street.town.count("claims") == before


async def test_plain_http_is_refused_unless_it_is_a_demo(
    street: Street, plan: TownPlan, tmp_path: Path
) -> None:
    async with street.phone("http") as phone:
        page = await phone.open("/signin")
        assert page.status == 403
        assert "https://" in page.text
    folder = tmp_path / "demo"
    folder.mkdir()
    async with a_street(plan.copy(folder), folder, PlainHttp.DEMO) as demo:
        async with demo.phone("http") as phone:
            page = await phone.sign_in()
            assert page.h1 == "ホーム"
            assert "choba-session" in phone.client.cookies
        async with demo.phone() as phone:
            page = await phone.open("/signin")
            assert "strict-transport-security" not in page.headers


async def test_what_is_typed_comes_back_as_text(street: Street) -> None:
    async with street.phone() as phone:
        await phone.open("/signin")
        page = await phone.send("/signin", phone='"><script>alert(1)</script>')
    assert page.status == 422
    assert "<script>alert" not in page.html


def gz(data: bytes) -> int:
    return len(gzip.compress(data, 9))


async def page_weight(client: httpx.AsyncClient, html: str) -> int:
    """HTML, CSS and JS of one page, each compressed. Fonts and the decoder are counted apart."""
    weight = gz(html.encode())
    for url in re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js)[^"]*)"', html):
        weight += gz((await client.get(url)).content)
    return weight


async def test_every_page_is_light(street: Street, hanako: Phone) -> None:
    weights = {}
    for path in ("/", "/scan", "/history", "/menu", "/checking"):
        weights[path] = await page_weight(hanako.client, (await hanako.open(path)).html)
    for page in (
        await hanako.scan(street.town.qr(5001)),
        await hanako.send("/pay/amount", amount="1200"),
        await hanako.send("/pay"),
    ):
        weights[page.path.split("/paid/")[0] or "/paid"] = await page_weight(
            hanako.client, page.html
        )
    assert max(weights.values()) <= BUDGET, weights


async def test_an_unknown_page_says_so_in_words(street: Street) -> None:
    async with street.phone() as phone:
        page = await phone.open("/../../etc/passwd")
        assert page.status == 404
        assert page.h1 == "このページはありません"
        for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/none.js"):
            assert (await phone.client.get(path)).status_code == 404
