-- SPDX-License-Identifier: Apache-2.0
--
-- The tables of a segment, version 1. Times and ids are Unix nanoseconds.
-- The open segment has no secondary indexes; sealing builds them.

-- Facts about the segment as a whole; the keys are documented in docs/architecture.md.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;

-- Strings that many rows share. A string may stand here more than once.
CREATE TABLE text (
    id    INTEGER PRIMARY KEY,
    value BLOB NOT NULL
);

-- 4 or 16 bytes in network order: a CIDR is a range of value.
CREATE TABLE address (
    id    INTEGER PRIMARY KEY,
    value BLOB NOT NULL UNIQUE,
    name  TEXT NOT NULL -- as people write it
);

CREATE TABLE user (
    uid  INTEGER PRIMARY KEY,
    name TEXT NOT NULL -- when it was recorded
);

CREATE TABLE probe (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

-- The name, image and labels are told by the container's runtime, which may be later.
CREATE TABLE container (
    id         INTEGER PRIMARY KEY,
    runtime_id TEXT NOT NULL UNIQUE, -- 64 hexadecimal digits
    name       TEXT,
    image      TEXT,
    labels     TEXT                  -- a JSON object
);

-- A process image: fork makes one, exec another.
CREATE TABLE process (
    id            INTEGER PRIMARY KEY, -- when the image began
    parent_id     INTEGER,             -- the image that forked it
    replaced_id   INTEGER,             -- the image the process had before
    pid           INTEGER NOT NULL,
    start_ns      INTEGER NOT NULL,    -- when the process was forked
    start_boot_ns INTEGER NOT NULL,
    exit_ns       INTEGER,
    exit_status   INTEGER,             -- as wait(2) reports it
    uid           INTEGER NOT NULL,
    gid           INTEGER NOT NULL,
    loginuid      INTEGER,             -- NULL: no login
    session       INTEGER,             -- audit session
    comm          TEXT NOT NULL,
    exe_id        INTEGER,             -- text
    argv_id       INTEGER,             -- text, each argument with its NUL
    cwd_id        INTEGER,             -- text
    cgroup_id     INTEGER NOT NULL,
    mnt_ns        INTEGER NOT NULL,
    net_ns        INTEGER NOT NULL,
    flags         INTEGER NOT NULL,    -- PROCESS_… of model.h
    container_id  INTEGER              -- container, NULL: not in one
);

-- A connect, a listen, or a UDP session's destination.
CREATE TABLE event (
    id         INTEGER PRIMARY KEY,
    probe      INTEGER NOT NULL,
    process_id INTEGER NOT NULL,
    cookie     INTEGER NOT NULL, -- of the socket, unique until reboot
    protocol   INTEGER NOT NULL, -- IPPROTO_…
    saddr_id   INTEGER,          -- address
    sport      INTEGER NOT NULL, -- 0: not yet known, see event_outcome
    daddr_id   INTEGER,          -- address
    dport      INTEGER NOT NULL,
    session_id INTEGER,          -- UDP: the session's first event
    attributes TEXT              -- JSON, from plugins
);

-- What became of an event. Events are never updated: this comes after, maybe in a later segment.
CREATE TABLE event_outcome (
    id       INTEGER PRIMARY KEY, -- event
    time_ns  INTEGER NOT NULL,
    outcome  INTEGER NOT NULL,
    error    INTEGER NOT NULL,    -- errno
    saddr_id INTEGER,
    sport    INTEGER NOT NULL
);

CREATE TABLE event_end (
    id             INTEGER PRIMARY KEY, -- event
    time_ns        INTEGER NOT NULL,
    reason         INTEGER NOT NULL,    -- 0 closed, 1 idle
    error          INTEGER NOT NULL,    -- errno
    bytes_sent     INTEGER,
    bytes_received INTEGER,
    messages       INTEGER
);

-- What was not recorded.
CREATE TABLE gap (
    id      INTEGER PRIMARY KEY,
    from_ns INTEGER NOT NULL,
    to_ns   INTEGER NOT NULL,
    reason  INTEGER NOT NULL,
    kind    TEXT NOT NULL,    -- of the records lost, empty for all
    count   INTEGER NOT NULL  -- 0: not known
);
