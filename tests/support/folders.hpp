// Where the programs under test and the sources are.
#pragma once

#include <filesystem>

namespace fleet::test_support {

/// The build's programs: bin_dir() / "fleet".
[[nodiscard]] std::filesystem::path bin_dir();
/// The repository.
[[nodiscard]] std::filesystem::path source_dir();

}  // namespace fleet::test_support
