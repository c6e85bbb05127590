// Which of two snapshots of one execution is the newer one. Pure.
#pragma once

#include "common/base/json_text.hpp"

namespace fleet::contracts {

/// Whether `other` is a snapshot that a run has reached after `current`: at a later step, or at the
/// same step and written later. False when either is no JSON object with a step.
[[nodiscard]] bool is_newer_snapshot(const base::JsonText& other, const base::JsonText& current);

}  // namespace fleet::contracts
