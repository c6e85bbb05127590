// Version 3: providers and the permits that hold or have spent of their budgets.
#pragma once

namespace fleet::store::sqlite {

extern const char* const kSchemaV3;

}  // namespace fleet::store::sqlite
