// The tables of schema version 1. Never changed once released: later versions add migrations.
#pragma once

namespace fleet::store::sqlite {

extern const char* const kSchemaV1;

}  // namespace fleet::store::sqlite
