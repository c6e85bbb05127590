// The additions of schema version 2: children, waits, sweeps, addressed signals. Never changed once
// released.
#pragma once

namespace fleet::store::sqlite {

extern const char* const kSchemaV2;

}  // namespace fleet::store::sqlite
