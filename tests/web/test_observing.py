# SPDX-License-Identifier: Apache-2.0
"""Metrics and the log say how a desk runs, and with whom it never does (P3, P4)."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from goodoffices.core.errors import MachineError
from goodoffices.desk.journal import Event, log
from goodoffices.web.observing import create_observer
from tests.web.offices import Offices


def test_metrics_count_and_name_nobody() -> None:
    """P4: whoever scrapes them learns how many lines there are, and not to whom."""
    offices = Offices()
    offices.agree()
    door = TestClient(create_observer(offices.bern))
    text = door.get("/metrics").text
    assert 'goodoffices_desk_lines{state="open"} 2' in text
    assert "goodoffices_desk_relays_up 2" in text
    assert 'goodoffices_desk_checks{state="bad"} 1' in text
    secret = ("Washington", "Tehran", "Bern", "relay-", "officer", offices.bern.me.hex()[:8])
    assert not [each for each in secret if each in text]
    for line in text.splitlines():
        assert line.startswith("# ") or float(line.rpartition(" ")[2]) >= 0


def test_health_turns_with_the_machine() -> None:
    """P13"""
    bern = Offices().bern
    door = TestClient(create_observer(bern))
    assert door.get("/health").status_code == 200
    bern.fault = MachineError("The vault's disk is full.")
    assert door.get("/health").status_code == 503


def test_the_log_is_json_and_a_fault_is_named_by_its_place_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """P3: the message of a fault may hold a name or words; it is not written down."""
    try:
        raise ValueError("a note's own words")
    except ValueError as fault:
        log(Event.SENDING_FAILED, 1_700_000_000_000, fault)
    said = json.loads(capsys.readouterr().err)
    assert (said["level"], said["fault"]) == ("error", "ValueError")
    assert said["where"][0].startswith("test_observing.py:")
    assert "words" not in json.dumps(said)
