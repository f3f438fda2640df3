-- SPDX-License-Identifier: Apache-2.0
--
-- For people with plain sqlite3: readable addresses, times and command lines.
-- The program itself does not use these views. Names of outcomes and reasons
-- repeat those of model.h; a test holds them together.

-- exited is 'exit N' or 'signal N'. SQLite's replace() takes no NUL, so argv
-- is cut at each NUL in turn.
CREATE VIEW process_view AS
SELECT process.id,
       strftime('%Y-%m-%dT%H:%M:%S', process.id / 1000000000, 'unixepoch')
           || printf('.%06dZ', process.id / 1000 % 1000000) AS time,
       process.pid,
       process.parent_id,
       process.comm,
       CAST(exe.value AS TEXT) AS exe,
       ifnull((
           WITH RECURSIVE word(rest, line) AS (
               SELECT CAST(argv.value AS BLOB), NULL
               UNION ALL
               SELECT CASE instr(rest, x'00') WHEN 0 THEN x''
                      ELSE substr(rest, instr(rest, x'00') + 1) END,
                      ifnull(line || ' ', '') || CAST(
                          CASE instr(rest, x'00') WHEN 0 THEN rest
                          ELSE substr(rest, 1, instr(rest, x'00') - 1) END AS TEXT)
               FROM word WHERE length(rest) > 0
           )
           SELECT line FROM word WHERE length(rest) = 0
       ), '[' || process.comm || ']') AS cmdline,
       CAST(cwd.value AS TEXT) AS cwd,
       process.uid,
       ifnull(user.name, CAST(process.uid AS TEXT)) AS username,
       process.loginuid,
       strftime('%Y-%m-%dT%H:%M:%S', process.exit_ns / 1000000000, 'unixepoch')
           || printf('.%06dZ', process.exit_ns / 1000 % 1000000) AS exit_time,
       CASE WHEN process.exit_status & 127 THEN 'signal ' || (process.exit_status & 127)
            ELSE 'exit ' || (process.exit_status >> 8 & 255) END AS exited,
       container.runtime_id AS container_id,
       container.name AS container_name,
       container.image AS container_image
FROM process
LEFT JOIN text AS exe ON exe.id = process.exe_id
LEFT JOIN text AS argv ON argv.id = process.argv_id
LEFT JOIN text AS cwd ON cwd.id = process.cwd_id
LEFT JOIN user ON user.uid = process.uid
LEFT JOIN container ON container.id = process.container_id;

-- latency and duration are seconds; outcome is that of the connect, end_error
-- the errno that an established connection ended with.
CREATE VIEW event_view AS
SELECT event.id,
       strftime('%Y-%m-%dT%H:%M:%S', event.id / 1000000000, 'unixepoch')
           || printf('.%06dZ', event.id / 1000 % 1000000) AS time,
       ifnull(probe.name, CAST(event.probe AS TEXT)) AS probe,
       event.session_id,
       event.process_id,
       process_view.pid,
       process_view.comm,
       process_view.exe,
       process_view.cmdline,
       process_view.username,
       process_view.container_id,
       process_view.container_name,
       process_view.container_image,
       CASE event.protocol WHEN 6 THEN 'tcp' WHEN 17 THEN 'udp' ELSE event.protocol END AS protocol,
       saddr.name AS saddr,
       iif(event.sport, event.sport, ifnull(event_outcome.sport, 0)) AS sport,
       daddr.name AS daddr,
       event.dport,
       CASE event_outcome.outcome
           WHEN 0 THEN ''
           WHEN 1 THEN 'established'
           WHEN 2 THEN 'refused'
           WHEN 3 THEN 'timed_out'
           WHEN 4 THEN 'unreachable'
           WHEN 5 THEN 'reset'
           WHEN 6 THEN 'aborted'
           WHEN 7 THEN 'failed'
           ELSE event_outcome.outcome
       END AS outcome,
       event_outcome.error AS outcome_error,
       (event_outcome.time_ns - event.id) / 1e9 AS latency,
       (event_end.time_ns - event.id) / 1e9 AS duration,
       event_end.error AS end_error,
       CASE event_end.reason WHEN 0 THEN 'closed' WHEN 1 THEN 'idle'
            ELSE event_end.reason END AS end_reason,
       event_end.bytes_sent,
       event_end.bytes_received,
       event_end.messages,
       event.attributes
FROM event
LEFT JOIN event_outcome ON event_outcome.id = event.id
LEFT JOIN event_end ON event_end.id = event.id
LEFT JOIN probe ON probe.id = event.probe
LEFT JOIN address AS saddr ON saddr.id = ifnull(event_outcome.saddr_id, event.saddr_id)
LEFT JOIN address AS daddr ON daddr.id = event.daddr_id
LEFT JOIN process_view ON process_view.id = event.process_id;

-- Every process image with itself (depth 0) and its ancestors. It goes through
-- json_each() because only a table-valued function sees the row beside it:
-- WHERE process_id = … then walks one lineage, not all.
CREATE VIEW lineage AS
SELECT process.id AS process_id, step.key AS depth, step.value AS ancestor_id
FROM process, json_each((
    WITH RECURSIVE up(id, parent_id, depth) AS (
        SELECT process.id, process.parent_id, 0
        UNION ALL
        SELECT parent.id, parent.parent_id, up.depth + 1
        FROM up JOIN process AS parent ON parent.id = up.parent_id
        WHERE up.depth < 4095
    )
    SELECT json_group_array(id) FROM (SELECT id FROM up ORDER BY depth)
)) AS step;

CREATE VIEW gap_view AS
SELECT id,
       strftime('%Y-%m-%dT%H:%M:%S', from_ns / 1000000000, 'unixepoch')
           || printf('.%06dZ', from_ns / 1000 % 1000000) AS from_time,
       strftime('%Y-%m-%dT%H:%M:%S', to_ns / 1000000000, 'unixepoch')
           || printf('.%06dZ', to_ns / 1000 % 1000000) AS to_time,
       CASE reason
           WHEN 1 THEN 'ring full'
           WHEN 2 THEN 'recorder not running'
           WHEN 3 THEN 'programs not attached'
           WHEN 4 THEN 'clock step'
           WHEN 5 THEN 'disk full'
           WHEN 6 THEN 'program not run by the kernel' WHEN 7 THEN 'record not understood'
           ELSE reason
       END AS reason,
       kind,
       count
FROM gap;
