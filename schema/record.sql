-- SPDX-License-Identifier: Apache-2.0
--
-- What the recorder says to the open segment.

-- name: insert_process
INSERT OR IGNORE INTO process (id, parent_id, replaced_id, pid, start_ns, start_boot_ns, exit_ns, exit_status,
    uid, gid, loginuid, session, comm, exe_id, argv_id, cwd_id, cgroup_id, mnt_ns, net_ns, flags, container_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)

-- name: update_process_exit
UPDATE process SET exit_ns = ?2, exit_status = ?3 WHERE id = ?1

-- name: insert_event
INSERT INTO event (id, probe, process_id, cookie, protocol, saddr_id, sport, daddr_id, dport, session_id, attributes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)

-- name: insert_outcome
INSERT OR IGNORE INTO event_outcome (id, time_ns, outcome, error, saddr_id, sport)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)

-- name: insert_end
INSERT OR IGNORE INTO event_end (id, time_ns, reason, error, bytes_sent, bytes_received, messages)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)

-- name: insert_gap
INSERT INTO gap (from_ns, to_ns, reason, kind, count) VALUES (?1, ?2, ?3, ?4, ?5)

-- name: insert_text
INSERT INTO text (value) VALUES (?1)

-- name: insert_address
INSERT INTO address (value, name) VALUES (?1, ?2)

-- name: select_address
SELECT id FROM address WHERE value = ?1

-- name: replace_user
INSERT OR REPLACE INTO user (uid, name) VALUES (?1, ?2)

-- What is known already is not forgotten.
-- name: upsert_container
INSERT INTO container (runtime_id, name, image, labels) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (runtime_id) DO UPDATE SET name = ifnull(excluded.name, name),
    image = ifnull(excluded.image, image), labels = ifnull(excluded.labels, labels)

-- name: select_container
SELECT id FROM container WHERE runtime_id = ?1

-- name: replace_probe
INSERT OR REPLACE INTO probe (id, name) VALUES (?1, ?2)

-- What a probe is known as here, or the number after all that are.
-- name: select_probe_id
SELECT ifnull((SELECT id FROM probe WHERE name = ?1),
    max(?2, ifnull((SELECT max(id) + 1 FROM probe), 0)))

-- name: replace_meta
INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)

-- name: select_meta
SELECT value FROM meta WHERE key = ?1

-- name: select_last_id
SELECT max((SELECT ifnull(max(id), 0) FROM event), (SELECT ifnull(max(id), 0) FROM process))

-- Processes that had not exited when the recorder went or whose events may still be open, and the
-- ancestors of these; parents first.
-- name: select_living
WITH RECURSIVE living (id) AS (
    SELECT id FROM process WHERE exit_ns IS NULL
    UNION
    SELECT e.process_id
    FROM event e LEFT JOIN event_end n ON n.id = e.id LEFT JOIN event_outcome o ON o.id = e.id
    WHERE n.id IS NULL AND e.cookie <> 0 AND (o.id IS NULL OR o.outcome IN (0, 1))
    UNION
    SELECT parent_id FROM process JOIN living USING (id) WHERE parent_id IS NOT NULL
)
SELECT p.id, p.parent_id, p.replaced_id, p.pid, p.start_ns, p.start_boot_ns, p.exit_ns, p.exit_status,
    p.uid, p.gid, p.loginuid, p.session, p.comm, exe.value, argv.value, cwd.value,
    p.cgroup_id, p.mnt_ns, p.net_ns, p.flags, c.runtime_id, c.name, c.image, c.labels
FROM living
JOIN process p USING (id)
LEFT JOIN text exe ON exe.id = p.exe_id
LEFT JOIN text argv ON argv.id = p.argv_id
LEFT JOIN text cwd ON cwd.id = p.cwd_id
LEFT JOIN container c ON c.id = p.container_id
ORDER BY p.id

-- Events that may still be open, oldest first.
-- name: select_open
SELECT e.id, e.probe, e.process_id, e.cookie, e.protocol, s.value, e.sport, d.value, e.dport, e.session_id,
    e.attributes
FROM event e
LEFT JOIN event_end n ON n.id = e.id
LEFT JOIN event_outcome o ON o.id = e.id
LEFT JOIN address s ON s.id = e.saddr_id
LEFT JOIN address d ON d.id = e.daddr_id
WHERE n.id IS NULL AND e.cookie <> 0 AND (o.id IS NULL OR o.outcome IN (0, 1))
ORDER BY e.id
