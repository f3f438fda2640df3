-- SPDX-License-Identifier: Apache-2.0
--
-- What readers ask of one segment. Parameters have names for people; they are
-- bound by number, in the order of their first appearance.

-- name: read_only
PRAGMA query_only = ON;
PRAGMA cache_size = -512;

-- name: table_any
SELECT 1 FROM sqlite_master LIMIT 1;

-- name: meta_get
SELECT value FROM meta WHERE key = :key;

-- Candidates: what may match, narrowed by one address range and one port. The
-- reader checks every term. A port of 0 narrows nothing, and an event whose
-- source port is not known yet is always a candidate.

-- name: candidates_by_time
SELECT event.id, event.probe, ifnull(event.session_id, 0),
       saddr.value, iif(event.sport, event.sport, ifnull(event_outcome.sport, 0)),
       daddr.value, event.dport
FROM event
LEFT JOIN event_outcome ON event_outcome.id = event.id
LEFT JOIN address AS saddr ON saddr.id = event.saddr_id
LEFT JOIN address AS daddr ON daddr.id = event.daddr_id
WHERE event.id BETWEEN :since AND :until
  AND (:port = 0 OR event.dport = :port OR event.sport IN (0, :port));

-- name: candidates_by_address
WITH wanted AS MATERIALIZED (
    SELECT id FROM address WHERE value BETWEEN :first AND :last AND length(value) = :size
)
SELECT event.id, event.probe, ifnull(event.session_id, 0),
       saddr.value, iif(event.sport, event.sport, ifnull(event_outcome.sport, 0)),
       daddr.value, event.dport
FROM event
LEFT JOIN event_outcome ON event_outcome.id = event.id
LEFT JOIN address AS saddr ON saddr.id = event.saddr_id
LEFT JOIN address AS daddr ON daddr.id = event.daddr_id
WHERE event.id BETWEEN :since AND :until
  AND (:port = 0 OR event.dport = :port OR event.sport IN (0, :port))
  AND (event.daddr_id IN wanted OR event.saddr_id IN wanted);

-- Every event of the UDP sessions first to last.
-- name: session_members
SELECT id, session_id FROM event
WHERE session_id BETWEEN :first AND :last AND id >= :first;

-- Outcomes and ends of events that lie in an earlier segment.
-- name: late_facts
WITH own AS MATERIALIZED (
    SELECT ifnull(min(id), 0) AS first, ifnull(max(id), 0) AS last FROM event
)
SELECT event_outcome.id, 0 FROM event_outcome, own WHERE event_outcome.id < own.first
UNION ALL
SELECT event_outcome.id, 0 FROM event_outcome, own WHERE event_outcome.id > own.last
UNION ALL
SELECT event_end.id, 1 FROM event_end, own WHERE event_end.id < own.first
UNION ALL
SELECT event_end.id, 1 FROM event_end, own WHERE event_end.id > own.last;

-- name: event_get
SELECT event.process_id, event.session_id, event.cookie, event.probe, probe.name, event.protocol,
       saddr.value, event.sport, daddr.value, event.dport, event.attributes
FROM event
LEFT JOIN probe ON probe.id = event.probe
LEFT JOIN address AS saddr ON saddr.id = event.saddr_id
LEFT JOIN address AS daddr ON daddr.id = event.daddr_id
WHERE event.id = :id;

-- name: outcome_get
SELECT event_outcome.time_ns, event_outcome.outcome, event_outcome.error,
       address.value, event_outcome.sport
FROM event_outcome
LEFT JOIN address ON address.id = event_outcome.saddr_id
WHERE event_outcome.id = :id;

-- name: end_get
SELECT time_ns, reason, error, bytes_sent, bytes_received, messages
FROM event_end WHERE id = :id;

-- A process image and all its ancestors, leaf first. The limit only guards
-- against a damaged file whose parents go round in a circle.
-- name: lineage_get
WITH RECURSIVE lineage(id, depth) AS (
    SELECT :id, 0
    UNION ALL
    SELECT process.parent_id, lineage.depth + 1
    FROM lineage JOIN process ON process.id = lineage.id
    WHERE process.parent_id <> 0 AND lineage.depth < 4095
)
SELECT process.id, process.parent_id, process.replaced_id, process.start_ns,
       process.start_boot_ns, process.exit_ns, process.exit_status, process.pid, process.uid,
       process.gid, process.loginuid, process.session, process.mnt_ns, process.net_ns,
       process.cgroup_id, process.flags, argv.value, process.comm, exe.value, cwd.value,
       user.name, login.name, container.runtime_id, container.name, container.image,
       container.labels
FROM lineage
JOIN process ON process.id = lineage.id
LEFT JOIN text AS argv ON argv.id = process.argv_id
LEFT JOIN text AS exe ON exe.id = process.exe_id
LEFT JOIN text AS cwd ON cwd.id = process.cwd_id
LEFT JOIN user ON user.uid = process.uid
LEFT JOIN user AS login ON login.uid = process.loginuid
LEFT JOIN container ON container.id = process.container_id
ORDER BY lineage.depth;

-- name: process_exit_get
SELECT exit_ns, exit_status FROM process WHERE id = :id;

-- name: gaps_by_time
SELECT from_ns, to_ns, reason, kind, count FROM gap
WHERE to_ns >= :since AND from_ns <= :until
ORDER BY from_ns, id;

-- name: event_span
SELECT (SELECT min(id) FROM event), (SELECT max(id) FROM event);

-- name: events_by_probe
SELECT event.probe, probe.name, count(*)
FROM event LEFT JOIN probe ON probe.id = event.probe
GROUP BY event.probe ORDER BY event.probe;

-- name: process_count
SELECT count(*) FROM process;

-- name: gaps_by_reason
SELECT reason, count(*), sum(count) FROM gap GROUP BY reason ORDER BY reason;

-- The reader's own temporary database of hits.

-- name: hits_create
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE hit (
    key     INTEGER NOT NULL, -- of the result: a UDP session's id, any other event's own
    id      INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    PRIMARY KEY (key, id)
) WITHOUT ROWID;
CREATE TABLE session (id INTEGER PRIMARY KEY);
CREATE TABLE late (
    id      INTEGER NOT NULL,
    fact    INTEGER NOT NULL, -- enum late_fact
    segment INTEGER NOT NULL,
    PRIMARY KEY (id, fact)
) WITHOUT ROWID;
BEGIN;

-- name: hit_add
INSERT OR IGNORE INTO hit (key, id, segment) VALUES (:key, :id, :segment);

-- name: session_add
INSERT OR IGNORE INTO session (id) VALUES (:id);

-- name: session_span
SELECT min(id), max(id) FROM session;

-- name: member_add
INSERT OR IGNORE INTO hit (key, id, segment)
SELECT :key, :id, :segment WHERE EXISTS (SELECT 1 FROM session WHERE id = :key);

-- name: late_add
INSERT OR IGNORE INTO late (id, fact, segment) VALUES (:id, :fact, :segment);

-- name: hits_by_key
SELECT key, id, segment FROM hit ORDER BY key, id;

-- name: late_get
SELECT segment FROM late WHERE id = :id AND fact = :fact;
