#include "common/store/sqlite/schema_v3.hpp"

namespace fleet::store::sqlite {

// `rules` and `state` are the JSON of common/pace/provider_json.hpp: the rules by which a row
// changes are code that all stores share, and nothing is ever looked up by a part of it.
//
// A reservation is held while `day` is NULL; else it is spent, in that day.
const char* const kSchemaV3 = R"sql(
CREATE TABLE providers (
    name TEXT PRIMARY KEY,
    configured INTEGER NOT NULL CHECK (configured IN (0, 1)),
    rules TEXT NOT NULL,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reservations (
    reservation INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    owner TEXT NOT NULL,
    day TEXT,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX reservations_due ON reservations (provider, expires_at_ms);
)sql";

}  // namespace fleet::store::sqlite
