// What a worker tells the scaler that started it by its exit code.
#pragma once

namespace fleet::model {

/// The store is damaged: no other worker would fare better. By hand a worker says so with 1, as
/// with any error.
inline constexpr int kExitStoreDamaged = 5;

}  // namespace fleet::model
