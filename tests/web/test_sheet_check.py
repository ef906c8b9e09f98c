# SPDX-License-Identifier: Apache-2.0
"""A sheet under a scanner: the codes on the PDF and on the page verify against the author's credential (P1, P14)."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2
import pytest
from click.testing import CliRunner

from goodoffices.cli.note import note as command
from tests.web.offices import Offices
from tests.web.test_pages import do, release, signed_in

TEXT = "به نام خدا\n\nWe do not want a war. " + "The line is open at 18:45. " * 60


@pytest.mark.slow
def test_a_scanned_sheet_verifies_as_what_its_author_signed_and_as_nobody_elses(tmp_path: Path) -> None:
    """P1, P14: whoever has the sheet and a credential needs neither a desk nor a network."""
    offices = Offices()
    mandate = offices.agree()
    sent = release(offices.tehran, mandate, offices.washington.me, TEXT, language="fa")
    do(offices.bern, "forward", sent)
    officer = signed_in(offices.washington)
    assert officer.get(f"/notes/{sent.hex()}/code/1").status_code == 404
    do(offices.washington, "open", sent)
    page = officer.get(f"/notes/{sent.hex()}/sheet")
    count = page.text.count('class="code"')
    assert count == 2
    assert len(page.content) < 100_000
    shown = []
    for place in range(1, count + 1):
        shown.append(tmp_path / f"page-{place}.png")
        shown[-1].write_bytes(officer.get(f"/notes/{sent.hex()}/code/{place}").content)
    scans = []
    for number, sheet in enumerate(
        pypdfium2.PdfDocument(officer.get(f"/notes/{sent.hex()}/sheet.pdf").content)
    ):
        out = io.BytesIO()
        sheet.render(scale=150 / 72).to_pil().save(out, "PNG")
        scans.append(tmp_path / f"scan-{number}.png")
        scans[-1].write_bytes(out.getvalue())
    credentials = {}
    for name, desk in (("Tehran", offices.tehran), ("Bern", offices.bern)):
        credentials[name] = tmp_path / f"{name}.cbor"
        credentials[name].write_bytes(desk.desk.context.my_office().raw)
    for pictures in (shown, scans):
        words = ["check", *map(str, pictures), "--credential"]
        good = CliRunner().invoke(command, [*words, str(credentials["Tehran"])])
        assert good.exit_code == 0, good.output
        assert "author    Tehran" in good.output
        assert sent.hex() in good.output
        assert "The line is open at 18:45." in good.output
        assert CliRunner().invoke(command, [*words, str(credentials["Bern"])]).exit_code == 1
    lacking = CliRunner().invoke(
        command, ["check", str(shown[0]), "--credential", str(credentials["Tehran"])]
    )
    assert lacking.exit_code == 2
    assert "these are missing or cannot be read: 2" in lacking.output
