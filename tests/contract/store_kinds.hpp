// The stores that the suite runs against. A test never asks which one it has.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"

namespace fleet::contract_test {

[[nodiscard]] std::vector<std::string> store_kinds();
/// A fresh, empty store of that kind; `folder` is its own.
[[nodiscard]] std::unique_ptr<contracts::Store> open_fresh(const std::string& kind,
                                                           const std::filesystem::path& folder,
                                                           const base::Clock& clock);

}  // namespace fleet::contract_test
