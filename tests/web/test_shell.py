"""The frame of every page: who reads it, what they may go to, in which language and light."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.test import Client
from django.urls import reverse
from django.utils import translation

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.web.templatetags import shell
from tests.conftest import make_person

TEMPLATES = Path(settings.BASE_DIR) / "templates"
STYLES = Path(settings.BASE_DIR) / "static" / "showdown" / "css"

every_section = {
    address
    for named in (shell.PUBLIC, shell.FOR_EVERYONE_SIGNED_IN, (shell.HOME,), *shell.BY_ROLE.values())
    for _title, address in named
}


@pytest.mark.parametrize("address", sorted(every_section))
def test_every_section_leads_to_a_page(address: str) -> None:
    assert reverse(address).startswith("/")


def test_every_role_has_sections_and_a_name() -> None:
    assert set(shell.BY_ROLE) == set(shell.ROLE_NAMES) == {role.value for role in Role}


def test_two_roles_see_the_sections_of_both_and_none_twice() -> None:
    found = shell.named_sections(frozenset({"approver", "moderator"}), signed_in=True)
    addresses = [address for _title, address in found]
    assert "moderation:queue" in addresses
    assert "licensing:releases" in addresses
    assert len(addresses) == len(set(addresses))


def test_a_visitor_is_shown_no_desk() -> None:
    addresses = {address for _title, address in shell.named_sections(frozenset(), signed_in=False)}
    assert addresses.isdisjoint({"moderation:queue", "licensing:desk", "web:home"})


def test_the_kit_shows_every_component(client: Client, db: None) -> None:
    shown = (TEMPLATES / "web" / "kit.html").read_text() + "".join(
        path.read_text() for path in (TEMPLATES / "cotton").glob("*.html")
    )
    called = {name.replace("-", "_") for name in re.findall(r"<c-([a-z-]+)", shown)} - {"slot", "vars"}
    files = {path.stem for path in (TEMPLATES / "cotton").glob("*.html")}
    # A confirmation is a page of its own, with the page's only headline; the sample forms do without the rest.
    assert files - called == {"confirm"}
    assert client.get("/kit/").status_code == 200


def test_every_template_compiles_and_calls_components_that_exist() -> None:
    components = {path.stem for path in (TEMPLATES / "cotton").glob("*.html")} | {"slot", "vars"}
    for path in TEMPLATES.rglob("*.html"):
        get_template(str(path.relative_to(TEMPLATES)))
        called = {name.replace("-", "_") for name in re.findall(r"<c-([a-z-]+)", path.read_text())}
        assert called <= components, path


def test_every_component_is_in_the_reference_and_nothing_else() -> None:
    reference = (Path(settings.BASE_DIR) / "docs" / "look.md").read_text()
    told = {name.replace("-", "_") for name in re.findall(r"<c-([a-z]+(?:-[a-z]+)*)", reference)} - {"slot"}
    assert told == {path.stem for path in (TEMPLATES / "cotton").glob("*.html")}


def test_no_template_writes_what_the_content_policy_blocks() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = re.sub(r"{%.*?%}", "", path.read_text())
        assert not re.search(r"\sstyle=|<style(?![^>]*nonce)|\son[a-z]+=\"|hx-on|hx-vals='js:", text), path
        for script in re.findall(r"<script\b[^>]*>", text):
            assert "src=" in script or "application/json" in script, (path, script)


def test_styles_know_no_left_and_no_right() -> None:
    physical = re.compile(
        r"(?<![\w-])(?:margin|padding|border)-(?:left|right)"
        r"|(?<![\w-])(?:left|right):|float: (?!inline-|none)|text-align: (?:left|right)"
    )
    for path in STYLES.glob("*.css"):
        # A command keeps the direction that shells read in.
        text = path.read_text().replace(".command pre { direction: ltr; text-align: left;", "")
        assert not physical.search(text), path


def test_colours_are_named_in_one_file() -> None:
    for path in STYLES.glob("*.css"):
        if path.name not in {"tokens.css", "print.css"}:
            found = re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text())
            # A code to be scanned stands on white in the dark, too.
            assert found in ([], ["#fff"]), (path, found)


def test_the_theme_is_kept_and_can_be_forgotten(client: Client, db: None) -> None:
    client.post(reverse("web:theme"), {"theme": "dark", "next": "/kit/"})
    assert 'data-theme="dark"' in client.get("/kit/").content.decode()
    client.post(reverse("web:theme"), {"theme": "auto", "next": "/kit/"})
    assert "data-theme" not in client.get("/kit/").content.decode()


def test_a_theme_of_mallorys_making_is_not_written_into_the_page(client: Client, db: None) -> None:
    client.cookies["theme"] = '"><script>'
    assert "data-theme" not in client.get("/kit/").content.decode()


def test_the_theme_form_does_not_send_people_elsewhere(client: Client) -> None:
    answer = client.post(reverse("web:theme"), {"theme": "dark", "next": "https://mallory.example/"})
    assert answer.headers["Location"] == "/"


def test_the_page_for_a_broken_server_needs_nothing_of_the_server() -> None:
    assert "Something broke on our side" in get_template("500.html").render({})


def test_arabic_reads_from_right_to_left(client: Client, db: None) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ar"
    with translation.override("en"):  # The request leaves its language behind.
        assert '<html lang="ar"\n      dir="rtl"' in client.get("/kit/").content.decode()


LOG_PARTS = ["/log/", "/log/checkpoints/", "/log/witnesses/"]
DESK_PARTS = ["/log/entries/", "/auditor/samples/", "/auditor/exports/"]


def parts_on(page: str) -> list[str]:
    tabs = re.search(r'<nav class="tabs".*?</nav>', page, flags=re.DOTALL)
    return re.findall(r'href="([^"]+)"', tabs[0]) if tabs else []


@pytest.mark.parametrize("address", LOG_PARTS)
def test_everybody_goes_from_one_part_of_the_log_to_the_next(client: Client, db: None, address: str) -> None:
    page = client.get(address).content.decode()
    assert parts_on(page) == LOG_PARTS
    assert re.search(rf'<nav class="tabs".*?href="{address}" aria-current="page"', page, flags=re.DOTALL)


@pytest.mark.parametrize("address", [*LOG_PARTS, *DESK_PARTS])
def test_an_auditor_finds_her_whole_desk_in_the_log(client: Client, barbara: User, address: str) -> None:
    client.force_login(barbara)
    page = client.get(address).content.decode()
    assert parts_on(page) == [*LOG_PARTS, *DESK_PARTS]
    # The masthead says that this is the log, although the desk's own addresses do not begin with it.
    assert re.search(r'<nav class="sections".*?href="/log/" aria-current="(?:page|true)"', page, flags=re.DOTALL)


def test_a_page_below_a_part_of_the_log_says_in_which_it_lies(client: Client, barbara: User) -> None:
    client.force_login(barbara)
    page = client.get("/log/checkpoints/compare/").content.decode()
    assert '<a href="/log/checkpoints/" aria-current="true">' in page


def test_of_several_homes_the_one_that_is_shown_is_marked(client: Client, db: None) -> None:
    client.force_login(make_person("joan", Role.AUDITOR, Role.APPROVER))
    for shown in ("auditor", "approver"):
        page = client.get(f"/home/?as={shown}").content.decode()
        assert re.findall(r'<a href="([^"]+)" aria-current="true">', page) == [f"/home/?as={shown}"]
