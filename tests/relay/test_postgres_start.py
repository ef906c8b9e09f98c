# SPDX-License-Identifier: Apache-2.0
"""What a relay demands of a PostgreSQL database before it serves, and how its schema is changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from goodoffices.core.errors import MachineError
from goodoffices.db.migrate import Step, steps_in
from goodoffices.relay import postgres_schema
from goodoffices.relay.postgres import connect, read_target
from goodoffices.relay.store_postgres import SCHEMA
from tests.postgres import Server, server
from tests.relay.conftest import COMMAND, RelayProcess

RELAY = [*COMMAND[:-1]]
LATER = Step(len(steps_in(SCHEMA)) + 1, "later", "ALTER TABLE relay ADD COLUMN note text; -- a; b")


def refused(*words: str) -> str:
    """What a command says that ends with a refusal."""
    done = subprocess.run([*RELAY, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://relay:secret@127.0.0.1/relay", "list of processes"),
        ("postgresql://127.0.0.1/relay?password=secret", "list of processes"),
        ("postgresql://db1.example,db2.example/relay?sslmode=prefer", "sslmode=prefer"),
        ("postgresql://db1.example/relay?sslmode=require", "sslmode=require"),
        ("postgresql://127.0.0.1/relay?target_session_attrs=any", "read-write"),
        ("postgresql://127.0.0.1/relay?no_such_word=1", "no_such_word"),
        ("postgresql://127.0.0.1:1,127.0.0.2:2,127.0.0.3:3/relay?port=1,2", "3 servers"),
        ("relay.db", "not a connection string"),
    ],
)
def test_a_connection_string_that_would_do_harm_is_refused(url: str, reason: str) -> None:
    with pytest.raises(MachineError) as error:
        read_target(url, None)
    assert reason in error.value.what
    assert "secret" not in str(error.value)


def test_servers_elsewhere_are_spoken_to_with_a_checked_certificate_only() -> None:
    target = read_target("postgresql://relay@db1.example:5433,127.0.0.1/relay", None)
    assert len(target.servers) == 2
    assert all(
        "sslmode=verify-full" in each and "target_session_attrs=read-write" in each for each in target.servers
    )
    assert "port=5433" in target.servers[0]


def test_a_password_comes_from_a_private_file_and_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret word\n")
    with pytest.raises(MachineError):
        read_target("postgresql://relay@127.0.0.1/relay", file)
    file.chmod(0o600)
    target = read_target("postgresql://relay@127.0.0.1/relay", file)
    assert psycopg.conninfo.conninfo_to_dict(target.servers[0])["password"] == "secret word"
    assert "secret" not in repr(target)


@pytest.mark.slow
def test_a_server_that_does_not_sync_is_refused() -> None:
    """P2: its word that something is stored would mean nothing."""
    with server("fsync=off") as unsafe:
        said = refused("serve", "--database", unsafe.url(unsafe.database()))
        assert "fsync=off" in said
        assert "reload" in said


@pytest.mark.slow
def test_a_server_that_commits_late_by_default_is_asked_to_commit_at_once(postgres: Server) -> None:
    """P2: the relay's own sessions set it, whatever the server's default is."""
    database = postgres.database()
    postgres.do(f"ALTER DATABASE {database} SET synchronous_commit = off")
    postgres.do(f"ALTER DATABASE {database} SET statement_timeout = '5s'")
    session, _, _ = connect(read_target(postgres.url(database), None), lambda _: None, 0)
    with session:
        found = session.execute(
            "SELECT current_setting('synchronous_commit'), current_setting('statement_timeout')"
        ).fetchone()
    assert found == ("on", "0")


@pytest.mark.slow
def test_a_server_without_a_standby_is_refused_where_one_is_needed(postgres: Server) -> None:
    url = postgres.url(postgres.database())
    assert "no synchronous standby" in refused("serve", "--database", url, "--standby-needed")
    relay = RelayProcess(url)
    assert relay.stop() == 0
    assert '"event": "database without a synchronous standby"' in relay.said


@pytest.mark.slow
def test_a_server_that_is_not_there_is_named_with_what_to_do() -> None:
    said = refused("serve", "--database", "postgresql://relay@127.0.0.1:1/relay")
    assert "127.0.0.1" in said
    assert "Check --database" in said


@pytest.mark.slow
def test_either_a_file_or_a_database_is_given(tmp_path: Path) -> None:
    for options in ([], ["--db", str(tmp_path / "a"), "--database", "postgresql://127.0.0.1/relay"]):
        done = subprocess.run(
            [*RELAY, "serve", *options], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 2
        assert "either --db or --database" in done.stderr


@pytest.mark.slow
def test_half_of_a_relay_over_a_database_is_refused() -> None:
    """P6: it would start and never pass anything on."""
    words = ["serve", "--database", "postgresql://127.0.0.1/relay", "--pipe", "/dev/null"]
    done = subprocess.run([*RELAY, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "give --db with --pipe" in done.stderr


# --- the schema ----------------------------------------------------------------------------------


def session_of(postgres: Server, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(postgres.url(database), autocommit=True)


def schema_of(postgres: Server, database: str) -> list[tuple[object, ...]]:
    """Every column, index and constraint."""
    return postgres.do(
        "SELECT table_name::text, column_name::text, data_type::text, column_default, is_nullable::text"
        " FROM information_schema.columns WHERE table_schema = 'public'"
        " UNION ALL SELECT tablename::text, indexname::text, indexdef, '', '' FROM pg_indexes"
        " WHERE schemaname = 'public'"
        " UNION ALL SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), '', ''"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        " UNION ALL SELECT relname::text, coalesce(reloptions::text, ''), '', '', '' FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1, 2, 3",
        database,
    )


@pytest.mark.slow
def test_fresh_equals_upgraded(postgres: Server) -> None:
    steps = (*steps_in(SCHEMA), LATER)
    fresh, old = postgres.database(), postgres.database()
    with session_of(postgres, fresh) as session:
        assert postgres_schema.make(session, steps)
        assert not postgres_schema.make(session, steps), "what is there is left alone"
    with session_of(postgres, old) as session:
        postgres_schema.make(session, steps[:1])
        assert postgres_schema.upgrade(session, steps, backup_made=True) == len(steps) - 1
        assert postgres_schema.version_of(session) == len(steps)
    assert schema_of(postgres, fresh) == schema_of(postgres, old)


@pytest.mark.slow
def test_an_upgrade_needs_the_word_that_a_copy_was_made(postgres: Server) -> None:
    steps = (*steps_in(SCHEMA), LATER)
    database = postgres.database()
    with session_of(postgres, database) as session:
        postgres_schema.make(session, steps[:-1])
        before = schema_of(postgres, database)
        with pytest.raises(MachineError, match="no way back"):
            postgres_schema.upgrade(session, steps, backup_made=False)
    assert schema_of(postgres, database) == before


@pytest.mark.slow
def test_a_step_that_fails_leaves_the_schema_as_it_was(postgres: Server) -> None:
    database = postgres.database()
    broken = Step(LATER.number, "broken", "CREATE TABLE half (a int); SELECT no_such_thing;")
    with session_of(postgres, database) as session:
        postgres_schema.make(session, steps_in(SCHEMA))
        before = schema_of(postgres, database)
        with pytest.raises(psycopg.Error):
            postgres_schema.upgrade(session, (*steps_in(SCHEMA), broken), backup_made=True)
        assert postgres_schema.version_of(session) == len(steps_in(SCHEMA))
    assert schema_of(postgres, database) == before


@pytest.mark.slow
def test_no_schema_is_changed_under_a_relay_that_serves(postgres: Server) -> None:
    url = postgres.url(postgres.database())
    relay = RelayProcess(url)
    try:
        with psycopg.connect(url, autocommit=True) as session, pytest.raises(MachineError, match="stands on"):
            postgres_schema.upgrade(session, (*steps_in(SCHEMA), LATER), backup_made=True)
    finally:
        relay.close()


@pytest.mark.slow
def test_a_database_of_another_version_is_not_served(postgres: Server) -> None:
    newer, older = postgres.database(), postgres.database()
    with session_of(postgres, newer) as session:
        postgres_schema.make(session, (*steps_in(SCHEMA), LATER))
    with session_of(postgres, older) as session:
        postgres_schema.make(session, steps_in(SCHEMA))
        with pytest.raises(MachineError, match="needs version") as behind:
            postgres_schema.serve_on(session, (*steps_in(SCHEMA), LATER))
    assert "pg_dump" in behind.value.next_step
    assert "newer program" in refused("serve", "--database", postgres.url(newer))
    assert "newer program" in refused("upgrade", "--database", postgres.url(newer))


@pytest.mark.slow
def test_the_upgrade_command_says_what_it_did(postgres: Server) -> None:
    url = postgres.url(postgres.database())
    for said in ("steps were run", "of this version already"):
        done = subprocess.run(
            [*RELAY, "upgrade", "--database", url], capture_output=True, text=True, timeout=60, check=True
        )
        assert said in done.stdout


@pytest.mark.slow
def test_a_relay_without_the_library_names_what_to_run() -> None:
    without = [
        sys.executable,
        "-c",
        "import sys; sys.modules['psycopg'] = None\nfrom goodoffices.cli.relay import relay; relay()",
    ]
    done = subprocess.run(
        [*without, "serve", "--database", "postgresql://127.0.0.1/relay"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "script/bootstrap postgresql" in done.stderr) == (1, True)
