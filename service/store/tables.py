"""The tables. Moments are whole seconds since 1970 (UTC); what identifies a patient is only there as a keyed hash.

A test compares them with what the migrations make.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

METADATA = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up integer primary keys only
HASH = 64  # characters of SHA-256 in hexadecimal
NAME = 255  # characters of ids and names that clients choose; longer ones are refused before they come here

USED_TOKENS = Table(
    "used_tokens",
    METADATA,
    Column("token", String(HASH), primary_key=True),  # hash of issuer and jti
    Column("expires", BigInteger, nullable=False, index=True),
)

RATES = Table(  # of PostgreSQL only; with SQLite each process counts by itself
    "rates",
    METADATA,
    Column("caller", String(HASH), primary_key=True),  # hash of the client's name or address
    Column("calls", Double, nullable=False),  # left in its share
    Column("at", Double, nullable=False),  # seconds since 1970, by the server's clock
    Column("lent", Double, nullable=False),  # to the process that asked last
)

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("sequence", _NUMBER, primary_key=True, autoincrement=True),  # in the order of arrival
    Column("received", BigInteger, nullable=False),
    Column("client", String(NAME), nullable=False),
    Column("service", String(NAME), nullable=False),
    Column("card", String(NAME), nullable=False),
    Column("known", Boolean, nullable=False),  # whether the card was known when the feedback came
    Column("outcome", String(10), nullable=False),
    Column("at", String(32), nullable=False),  # ISO 8601 in UTC with microseconds, so that text sorts by time
    Column("suggestions", Text, nullable=False),  # JSON array of ids
    Column("reason_system", String(NAME)),
    Column("reason_code", String(NAME)),
    Column("commented", Boolean, nullable=False),
    Column("comment", Text),  # only where the site keeps comments
    Column("digest", String(HASH), nullable=False, unique=True),  # hash of client, service and item as it is kept
    Index("ix_feedback_card", "client", "card"),
    sqlite_autoincrement=True,
)

TRACES = Table(
    "traces",
    METADATA,
    Column("client", String(NAME), primary_key=True),
    Column("card", String(NAME), primary_key=True),
    Column("saved", BigInteger, nullable=False, index=True),
    Column("service", String(NAME), nullable=False),
    Column("hook", String(NAME), nullable=False),
    Column("as_of", String(10), nullable=False),  # ISO 8601
    Column("version", String(32), nullable=False),  # of the software
    Column("content", String(HASH), nullable=False),  # digest of the content
    Column("advice", String(HASH), nullable=False),  # key of the advice; the same for the same rules
    Column("indicator", String(10), nullable=False),
    Column("rules", Text, nullable=False),  # JSON array of rule ids
    Column("patient", String(HASH)),  # keyed hash; empty without a site secret
    Column("basis", String(HASH)),  # keyed hash of the facts the advice rests on; empty where it must not be suppressed
    Column("decision", Text),  # JSON: verdicts of the rules, and the facts they read, without values
    Column("held_back", Boolean, nullable=False, server_default=false()),  # not shown: it was overridden before
)

SUPPRESSIONS = Table(
    "suppressions",
    METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("client", String(NAME), nullable=False),
    Column("patient", String(HASH), nullable=False),
    Column("advice", String(HASH), nullable=False),
    Column("basis", String(HASH), nullable=False),
    Column("until", BigInteger, nullable=False, index=True),
    Column("card", String(NAME), nullable=False),  # the card that was overridden
    UniqueConstraint("client", "patient", "advice", name="uq_suppressions"),
)
