# SPDX-License-Identifier: Apache-2.0
"""The second verifier as a person uses it: opened from disk, by mouse or keyboard, in English or Persian (P8)."""

import base64
import hashlib
import io
import json
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from goodoffices.desk.export import export
from goodoffices.verify.output import as_json
from goodoffices.verify.page import FOLDER, PAGE, VERIFIER
from goodoffices.verify.pair import Pair
from tests.verify.channel import Channel, exported, files_of, verdict
from tests.verify.second import Second, assert_same
from tests.verify.test_two_records import signed_twice

pytestmark = pytest.mark.slow

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def played() -> Channel:
    channel = Channel()
    channel.week()
    return channel


@pytest.fixture(scope="module")
def folder(played: Channel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(played.east, tmp_path_factory.mktemp("page") / "tehran.export", played.now)


@pytest.fixture(scope="module")
def other(played: Channel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(played.middle, tmp_path_factory.mktemp("page") / "bern.export", played.now)


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """The page, in a browser profile of its own; whatever it asks of any network is an error."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def make(language: str = "en", width: int = 1280) -> Page:
        context = browser.new_context(locale=language, viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: wrong.append(asked.url) if asked.url != PAGE.as_uri() else None)
        page.goto(PAGE.as_uri())
        return page

    yield make
    for context in contexts:
        context.close()
    assert wrong == []


def packed(
    folder: Path, change: Callable[[zipfile.ZipFile], None] | None = None, top: str = "tehran.export/"
) -> bytes:
    """The folder as the desk's page hands it out."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            name = top + path.relative_to(folder).as_posix()
            archive.writestr(
                f"{name}/" if path.is_dir() else name, b"" if path.is_dir() else path.read_bytes()
            )
        if change is not None:
            change(archive)
    return made.getvalue()


def zipped(raw: bytes) -> FilePayload:
    return {"name": "record.zip", "mimeType": "application/zip", "buffer": raw}


def told(page: Page) -> str:
    """The verdict's heading, once it stands there."""
    heading = page.locator("#verdict-title")
    expect(heading).to_be_visible(timeout=60_000)
    expect(heading).to_be_focused()
    return heading.inner_text()


def as_program(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.locator("#json").text_content() or "")
    return found


def sound(page: Page) -> None:
    """Nothing for a screen reader or a keyboard to stumble over, and nothing wider than the screen."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    root = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert root[0] <= root[1]


def drop(page: Page, *folders: Path) -> None:
    page.locator("#giving").scroll_into_view_if_needed()
    box = page.locator("#giving").bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(each) for each in folders], "dragOperationsMask": 1}
    for step in ("dragEnter", "dragOver", "dragOver", "drop"):
        place = {"x": box["x"] + 20, "y": box["y"] + 20}
        session.send("Input.dispatchDragEvent", {"type": step, **place, "data": data})


# --- ways in --------------------------------------------------------------------------------------------


def test_a_folder_that_was_chosen_is_verified(opened: Open, folder: Path) -> None:
    page = opened()
    page.locator("#folder").set_input_files(folder)
    assert told(page).startswith("VERIFIED")
    assert_same(as_json(verdict(folder)), as_program(page))
    assert "were not compared with anything" in page.locator("#verdict").inner_text()
    sound(page)


def test_a_folder_that_was_dropped_is_verified(opened: Open, folder: Path) -> None:
    page = opened()
    drop(page, folder)
    assert told(page).startswith("VERIFIED")
    assert_same(as_json(verdict(folder)), as_program(page))


def test_two_records_dropped_together_are_held_against_each_other(
    opened: Open, folder: Path, other: Path
) -> None:
    """P8: as `goodoffices verify A B` does."""
    page = opened()
    drop(page, folder, other)
    assert told(page) == "VERIFIED: both records hold, and they part nowhere"
    pair = Pair((folder.name, other.name), (verdict(folder), verdict(other)))
    assert as_program(page)["common_lines"] == pair.as_json()["common_lines"] == ["Bern – Tehran"]
    expect(page.locator("#verdict")).to_contain_text(other.name)
    sound(page)


def test_two_records_that_part_are_shown_with_both_places(opened: Open, tmp_path: Path) -> None:
    """P8: forked, with both signatures."""
    channel = Channel()
    channel.week()
    exported(channel.east, tmp_path / "tehran.export", channel.now)
    signed_twice(channel)
    export(channel.middle.desk, tmp_path / "bern.export", channel.now)
    page = opened("fa", 390)
    page.locator("#folder").set_input_files(tmp_path / "tehran.export")
    assert told(page).startswith("تأیید شد")
    page.locator("#other").set_input_files(tmp_path / "bern.export")
    expect(page.locator("#verdict-title")).to_have_text("در 1 جا از هم جدا می‌شوند")
    expect(page.locator("#partings > li")).to_contain_text("bern.export")
    expect(page.locator("#partings > li")).to_contain_text("Bern's desk")
    sound(page)


def test_an_archive_from_the_desks_page_is_verified(opened: Open, folder: Path) -> None:
    page = opened()
    page.locator("#archive").set_input_files(zipped(packed(folder)))
    assert told(page).startswith("VERIFIED")
    page.locator("#archive").set_input_files(zipped(packed(folder, top="")))
    assert told(page).startswith("VERIFIED")


def test_a_trust_list_names_offices_or_makes_a_finding(opened: Open, folder: Path, tmp_path: Path) -> None:
    """P1."""
    page = opened()
    page.locator("#archive").set_input_files(zipped(packed(folder)))
    offices = as_program(page)["offices"] if told(page) else []
    trust = "\n".join(f"{each['fingerprint']} Known {number}" for number, each in enumerate(offices))
    page.locator("#trust").set_input_files({"name": "t", "mimeType": "text/plain", "buffer": trust.encode()})
    expect(page.locator("#verdict")).to_contain_text("Known 1")
    assert told(page).startswith("VERIFIED")
    page.locator("#trust").set_input_files(
        {"name": "t", "mimeType": "text/plain", "buffer": trust.splitlines()[0].encode()}
    )
    expect(page.locator("#verdict-title")).to_have_text("NOT VERIFIED: 2 findings")
    expect(page.locator("#verdict")).to_contain_text("NOT TRUSTED")
    page.locator("#trust").set_input_files({"name": "t", "mimeType": "text/plain", "buffer": b"Bern\n"})
    expect(page.locator("#verdict-title")).to_have_text(
        "NOT VERIFIED: line 1 of the trust list names no fingerprint"
    )


# --- what it says ---------------------------------------------------------------------------------------


def test_findings_name_file_promise_expected_and_found(opened: Open, folder: Path) -> None:
    def change(archive: zipfile.ZipFile) -> None:
        archive.writestr("tehran.export/<b>annex\u202etxt.txt", "They agreed to more.")

    page = opened(width=390)
    page.locator("#archive").set_input_files(zipped(packed(folder, change)))
    assert told(page) == "NOT VERIFIED: 1 finding"
    item = page.locator("#findings > li")
    expect(item).to_contain_text("<b>annex\\u{202e}txt.txt")
    expect(item).to_contain_text("P8 (extra)")
    sound(page)


def test_persian_reads_from_right_to_left_and_says_the_same(opened: Open, folder: Path) -> None:
    page = opened("fa", 390)
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.locator("#archive").set_input_files(zipped(packed(folder)))
    assert told(page).startswith("تأیید شد")
    sound(page)
    page.locator("#language").press("Enter")
    expect(page.locator("#verdict-title")).to_have_text(re.compile("^VERIFIED"))
    assert page.locator("html").get_attribute("dir") == "ltr"


def test_what_is_no_export_is_said(opened: Open, tmp_path: Path) -> None:
    page = opened()
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    page.locator("#folder").set_input_files(tmp_path)
    assert told(page).startswith("NOT AN EXPORT")


def test_the_page_can_reach_nothing(browser: Browser) -> None:
    """P3: a record is as secret as the vault. The browser enforces it, whatever the page would do."""
    page = browser.new_context().new_page()
    page.goto(PAGE.as_uri())
    refused = page.evaluate("""async () => {
        const seen = [];
        document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
        await fetch("http://127.0.0.1:9/").catch(() => null);
        const picture = new Image();
        await new Promise((resolve) => { picture.onerror = resolve; picture.src = "http://127.0.0.1:9/"; });
        return [...new Set(seen)].sort();
    }""")
    page.context.close()
    assert refused == ["connect-src", "img-src"]


# --- archives that mean harm ----------------------------------------------------------------------------


def _two_of_one_name(archive: zipfile.ZipFile) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("tehran.export/README.txt", "Another.")


def _file_and_folder(archive: zipfile.ZipFile) -> None:
    archive.writestr("tehran.export/lines", "Both.")


@pytest.mark.parametrize("change", [_two_of_one_name, _file_and_folder])
def test_an_archive_that_can_be_read_in_two_ways_is_refused(
    opened: Open, folder: Path, change: Callable[[zipfile.ZipFile], None]
) -> None:
    """P12."""
    page = opened()
    page.locator("#archive").set_input_files(zipped(packed(folder, change)))
    assert told(page).startswith("NOT VERIFIED: this archive is not read")


def test_a_link_in_an_archive_is_named(opened: Open, folder: Path) -> None:
    def change(archive: zipfile.ZipFile) -> None:
        link = zipfile.ZipInfo("tehran.export/link")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "README.txt")

    page = opened()
    page.locator("#archive").set_input_files(zipped(packed(folder, change)))
    assert told(page) == "NOT VERIFIED: 1 finding"
    assert [each["kind"] for each in as_program(page)["findings"]] == ["no-plain-file"]


def test_an_archive_that_explodes_costs_no_more_than_it_states(opened: Open, folder: Path) -> None:
    """P12: a text of a few bytes that unpacks to gigabytes; the first byte too many ends it."""
    made = bytearray(packed(folder))
    at = made.rindex(b"tehran.export/record.txt") - 46
    struct.pack_into("<I", made, at + 24, 100)
    page = opened()
    page.locator("#archive").set_input_files(zipped(bytes(made)))
    assert told(page).startswith("NOT VERIFIED")
    kinds = {(each["where"], each["kind"]) for each in as_program(page)["findings"]}
    assert kinds == {("record.txt", "unreadable"), ("record.txt", "text")}


@pytest.mark.parametrize("keep", [40, 5_000, -1, -30])
def test_an_archive_that_was_cut_is_refused(opened: Open, folder: Path, keep: int) -> None:
    """P12."""
    page = opened()
    page.locator("#archive").set_input_files(zipped(packed(folder)[:keep]))
    assert told(page).startswith("NOT VERIFIED: this archive is not read. It ends too early.")


@pytest.mark.parametrize(("language", "words"), [("en", "is no ZIP archive"), ("fa", "بایگانی ZIP نیست")])
def test_a_file_that_is_no_archive_is_told_in_the_language_of_the_page(
    opened: Open, language: str, words: str
) -> None:
    """P12: what it is not, and what to give."""
    page = opened(language)
    for raw in (b"", b"PK", b"%PDF-1.7 and so on", bytes(70_000)):
        page.locator("#archive").set_input_files(zipped(raw))
        assert words in told(page)


# --- the page itself ------------------------------------------------------------------------------------


def test_the_program_hands_the_page_out_with_its_hash(tmp_path: Path) -> None:
    """P8: as a stranger gets it."""
    target = tmp_path / "verifier.html"
    words = [sys.executable, "-m", "goodoffices.verify", "--page", str(target)]
    ran = subprocess.run(words, check=False, capture_output=True, text=True)
    assert ran.returncode == 0
    assert target.read_bytes() == PAGE.read_bytes()
    assert hashlib.sha256(target.read_bytes()).hexdigest() in ran.stdout
    assert subprocess.run(words, check=False, capture_output=True).returncode == 2


def test_its_policy_names_the_hash_of_every_script_and_style_and_allows_nothing_else() -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    hashes = {
        kind: [
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
            for text in re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        ]
        for kind in ("script", "style")
    }
    assert found[1].split("; ") == [
        "default-src 'none'",
        f"script-src {' '.join(hashes['script'])}",
        f"style-src {hashes['style'][0]}",
        "base-uri 'none'",
        "form-action 'none'",
    ]


@pytest.mark.parametrize("name", [*VERIFIER, "words", "screen"])
def test_each_part_is_small_says_what_it_is_for_and_asks_for_no_network(name: str) -> None:
    text = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert text.startswith("// ")
    assert not re.search(
        r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import|eval|innerHTML)\b", text
    )
    assert max(map(len, text.splitlines())) <= 135


def test_the_library_is_the_one_that_the_papers_name() -> None:
    """docs/adr/0016: version and hash."""
    digest = hashlib.sha256((FOLDER / "noble.js").read_bytes()).hexdigest()
    decision = (Path(__file__).parents[2] / "docs" / "adr" / "0016-second-verifier.md").read_text(
        encoding="utf-8"
    )
    assert digest in decision


def test_it_says_so_when_the_browser_cannot_be_relied_on(browser: Browser, folder: Path) -> None:
    """A browser that accepts a signature which fits only times eight is refused, not believed."""
    context = browser.new_context()
    context.add_init_script("SubtleCrypto.prototype.verify = async () => true")
    page = context.new_page()
    page.goto(PAGE.as_uri())
    page.locator("#archive").set_input_files(zipped(packed(folder)))
    assert told(page).startswith("NOT VERIFIED: this browser cannot be used")
    context.close()


def test_a_whole_folder_is_judged_alike_by_both_doors(second: Second, folder: Path) -> None:
    assert second.agrees(folder)["verdict"] == "verified"
    assert len(files_of(folder)) > 40
