#include "common/store/sqlite/schema_v1.hpp"

namespace fleet::store::sqlite {

// Statuses: 0 pending, 1 running, 2 waiting, 3 done, 4 failed, 5 cancelled (model::Status).
//
// `executions` is the hot table: everything a step changes is in the one row, and its indexes are
// partial, so that a finished row is in none but the unique one on the id. `rank` puts resumed work
// before new and higher priority first: smaller is earlier. `owner` is worker_registry.number,
// whose lease_until_ms is the end of all leases of that process. `reserve` is room that the row
// gives back when it is claimed, so that claiming and completing rewrite it in its place.
const char* const kSchemaV1 = R"sql(
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    boot_id TEXT NOT NULL,
    offset_ms INTEGER NOT NULL,
    last_tick_ms INTEGER NOT NULL,
    gap_end_ms INTEGER NOT NULL,
    store_epoch INTEGER NOT NULL
) STRICT;

CREATE TABLE pools (
    pool INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    policy TEXT NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE lanes (
    lane INTEGER PRIMARY KEY,
    pool INTEGER NOT NULL REFERENCES pools,
    stage TEXT NOT NULL,
    stage_rank INTEGER NOT NULL DEFAULT 0,
    batch INTEGER NOT NULL DEFAULT 0,
    ready INTEGER NOT NULL DEFAULT 0,
    delayed INTEGER NOT NULL DEFAULT 0,
    running INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    arrivals REAL NOT NULL DEFAULT 0,
    completions REAL NOT NULL DEFAULT 0,
    rates_at_ms INTEGER NOT NULL DEFAULT 0,
    service_samples INTEGER NOT NULL DEFAULT 0,
    service_sum_ms INTEGER NOT NULL DEFAULT 0,
    service_histogram BLOB,
    UNIQUE (pool, stage, batch)
) STRICT;

CREATE TABLE batches (
    batch INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    pool INTEGER NOT NULL REFERENCES pools,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
    id_seed BLOB NOT NULL,
    private_lane INTEGER NOT NULL CHECK (private_lane IN (0, 1)),
    spec INTEGER NOT NULL,
    options TEXT NOT NULL,
    loaded_lines INTEGER NOT NULL DEFAULT 0,
    first_seq INTEGER NOT NULL DEFAULT 0,
    last_seq INTEGER NOT NULL DEFAULT 0,
    ready INTEGER NOT NULL DEFAULT 0,
    delayed INTEGER NOT NULL DEFAULT 0,
    running INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL,
    finished_at_ms INTEGER
) STRICT;

CREATE TABLE specs (
    spec INTEGER PRIMARY KEY,
    body TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE executions (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    lane INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    spec INTEGER NOT NULL,
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 5),
    ready INTEGER NOT NULL CHECK (ready = 0 OR status = 0),
    rank INTEGER NOT NULL,
    item INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    token INTEGER NOT NULL,
    owner INTEGER CHECK ((owner IS NULL) = (status <> 1)),
    begun INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    commit_id INTEGER,
    created_at_ms INTEGER NOT NULL,
    claimed_at_ms INTEGER,
    started_at_ms INTEGER,
    finished_at_ms INTEGER,
    due_at_ms INTEGER,
    last_owner INTEGER,
    cancel INTEGER NOT NULL DEFAULT 0,
    poisoned INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    transient INTEGER NOT NULL DEFAULT 0,
    rate_limited INTEGER NOT NULL DEFAULT 0,
    lost_worker INTEGER NOT NULL DEFAULT 0,
    takeovers INTEGER NOT NULL DEFAULT 0,
    releases INTEGER NOT NULL DEFAULT 0,
    error_kind INTEGER,
    error TEXT,
    evidence TEXT,
    channel TEXT,
    unique_key TEXT,
    signal TEXT,
    attempt_record TEXT,
    resume_step TEXT,
    snapshot TEXT,
    input TEXT,
    output TEXT,
    reserve BLOB
) STRICT;
CREATE INDEX executions_ready ON executions (lane, rank) WHERE ready = 1;
CREATE INDEX executions_owned ON executions (owner) WHERE owner IS NOT NULL;
CREATE INDEX executions_due ON executions (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX executions_channel ON executions (channel) WHERE channel IS NOT NULL;
CREATE INDEX executions_failed ON executions (seq) WHERE status = 4;

-- Inputs and outputs too large for the hot row. kind: 1 input, 2 output, 3 snapshot.
CREATE TABLE payloads (
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
    data TEXT,
    file TEXT,
    PRIMARY KEY (seq, kind),
    CHECK ((data IS NULL) <> (file IS NULL))
) STRICT;

CREATE TABLE attempts (
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (seq, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE unique_keys (
    pool INTEGER NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (pool, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE results (
    execution_id TEXT NOT NULL,
    path TEXT NOT NULL,
    data TEXT,
    file TEXT,
    updated_at_ms INTEGER NOT NULL,
    PRIMARY KEY (execution_id, path),
    CHECK ((data IS NULL) <> (file IS NULL))
) STRICT;

CREATE TABLE seats (
    seat INTEGER PRIMARY KEY,
    pool INTEGER NOT NULL,
    host TEXT NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
    launch_token TEXT NOT NULL,
    request_id INTEGER NOT NULL UNIQUE,
    worker_id TEXT,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX seats_pool ON seats (pool);

CREATE TABLE decisions (
    decision INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    host TEXT NOT NULL,
    pool TEXT NOT NULL,
    workers_before INTEGER NOT NULL,
    workers_planned INTEGER NOT NULL,
    started INTEGER NOT NULL,
    retired INTEGER NOT NULL,
    reason TEXT NOT NULL,
    inputs TEXT NOT NULL
) STRICT;

CREATE TABLE usage (
    day TEXT NOT NULL,
    provider TEXT NOT NULL,
    phase TEXT NOT NULL,
    requests INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    PRIMARY KEY (day, provider, phase)
) STRICT, WITHOUT ROWID;
CREATE VIEW daily_usage AS
    SELECT day, provider, sum(requests) AS requests, sum(input_tokens) AS input_tokens,
           sum(output_tokens) AS output_tokens, sum(cost_micros) AS cost_micros
    FROM usage GROUP BY day, provider;

-- The FlatMachines family's tables: its columns, in its types (not STRICT), then ours.
CREATE TABLE machine_checkpoints (
    checkpoint_key TEXT PRIMARY KEY,
    execution_id TEXT NOT NULL,
    machine_name TEXT NOT NULL,
    event TEXT NOT NULL,
    current_state TEXT,
    waiting_channel TEXT,
    snapshot_json BLOB NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX machine_checkpoints_execution ON machine_checkpoints (execution_id);
CREATE TABLE machine_latest (
    execution_id TEXT PRIMARY KEY,
    latest_key TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE TABLE machine_configs (
    config_hash TEXT PRIMARY KEY,
    machine_name TEXT NOT NULL,
    spec_version TEXT NOT NULL,
    config_raw TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE execution_leases (
    execution_id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    phase TEXT,
    lease_until INTEGER NOT NULL,
    fencing_token INTEGER NOT NULL,
    acquired_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    lease_until_ms INTEGER NOT NULL DEFAULT 0,
    ttl_ms INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE signals (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    data_json TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX signals_channel ON signals (channel, id);
CREATE TABLE worker_registry (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    worker_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    last_heartbeat TEXT NOT NULL,
    host TEXT,
    pid INTEGER,
    capabilities TEXT,
    started_at TEXT,
    current_task_id TEXT,
    metadata TEXT,
    kind TEXT NOT NULL DEFAULT 'worker',
    owner TEXT NOT NULL DEFAULT '',
    pool TEXT NOT NULL DEFAULT '',
    batch TEXT NOT NULL DEFAULT '',
    boot_id TEXT NOT NULL DEFAULT '',
    pid_namespace INTEGER NOT NULL DEFAULT 0,
    start_ticks INTEGER NOT NULL DEFAULT 0,
    slots INTEGER NOT NULL DEFAULT 0,
    busy INTEGER NOT NULL DEFAULT 0,
    version TEXT NOT NULL DEFAULT '',
    generation INTEGER NOT NULL DEFAULT 0,
    heartbeat_interval_ms INTEGER NOT NULL DEFAULT 5000,
    ttl_ms INTEGER NOT NULL DEFAULT 10000,
    heartbeat_at_ms INTEGER NOT NULL DEFAULT 0,
    started_at_ms INTEGER NOT NULL DEFAULT 0,
    final_at_ms INTEGER,
    lease_until_ms INTEGER,
    lease_ttl_ms INTEGER NOT NULL DEFAULT 0,
    rss_bytes INTEGER NOT NULL DEFAULT 0,
    open_fds INTEGER NOT NULL DEFAULT 0,
    seat INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX worker_registry_status ON worker_registry (status);
CREATE INDEX worker_registry_lease ON worker_registry (lease_until_ms)
    WHERE lease_until_ms IS NOT NULL;
CREATE INDEX worker_registry_owner ON worker_registry (owner);

INSERT INTO pools (name, policy) VALUES ('default', '{}');
)sql";

}  // namespace fleet::store::sqlite
