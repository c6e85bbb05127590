#include "common/store/sqlite/schema_v2.hpp"

namespace fleet::store::sqlite {

// `kin` are the bits of execution_row.hpp: 0 for what has no relatives and no mail, so that the
// common end of a command needs to look nowhere else. `woken` is model::Woken.
//
// A parent's row is never touched by the end of a child: what it waits for is counted in `waits`,
// whose rows are tiny. A row of `sweeps` says that the open children of `parent` (of all its steps,
// or with a step of those it waited for there) are to be cancelled, and how far that has come.
const char* const kSchemaV2 = R"sql(
ALTER TABLE executions ADD COLUMN kin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN woken INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN error_type TEXT;

-- kind: 0 waited for, 1 launched, 2 in place (model::ChildKind).
CREATE TABLE children (
    seq INTEGER PRIMARY KEY,
    parent INTEGER NOT NULL,
    root INTEGER NOT NULL,
    step INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
    ended INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1)),
    label TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX children_place ON children (parent, step, ordinal);

-- mode: 0 settled, 1 any (model::WaitMode).
CREATE TABLE waits (
    parent INTEGER PRIMARY KEY,
    step INTEGER NOT NULL,
    mode INTEGER NOT NULL CHECK (mode IN (0, 1)),
    cancel_rest INTEGER NOT NULL CHECK (cancel_rest IN (0, 1)),
    open INTEGER NOT NULL
) STRICT;

-- step: -1 for all.
CREATE TABLE sweeps (
    parent INTEGER NOT NULL,
    step INTEGER NOT NULL,
    after_step INTEGER NOT NULL,
    after_ordinal INTEGER NOT NULL,
    PRIMARY KEY (parent, step)
) STRICT, WITHOUT ROWID;

-- Signals that more executions waited for than one transaction wakes: those behind after_seq.
CREATE TABLE broadcasts (
    broadcast INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    payload TEXT NOT NULL,
    after_seq INTEGER NOT NULL
) STRICT;

-- Signals for one execution (its seq) alone. Not in the family's table, whose other readers would
-- take them for anybody's.
CREATE TABLE mail (
    mail INTEGER PRIMARY KEY,
    recipient INTEGER NOT NULL,
    channel TEXT NOT NULL,
    payload TEXT NOT NULL
) STRICT;
CREATE INDEX mail_recipient ON mail (recipient, channel, mail);

-- What was begun and is neither resumed nor a child, by its rank: claims that take only what was
-- begun (rank.hpp). A first attempt is never in it.
CREATE INDEX executions_retried ON executions (lane, rank)
    WHERE ready = 1 AND attempt > 0 AND rank >= -150000;

-- A checkpoint's key begins with its execution: the key's own index finds them all. And what has
-- short rows needs no second copy of its key.
DROP INDEX machine_checkpoints_execution;
ALTER TABLE machine_latest RENAME TO machine_latest_1;
CREATE TABLE machine_latest (
    execution_id TEXT PRIMARY KEY,
    latest_key TEXT NOT NULL,
    updated_at TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO machine_latest SELECT execution_id, latest_key, updated_at FROM machine_latest_1;
DROP TABLE machine_latest_1;
)sql";

}  // namespace fleet::store::sqlite
