#include "tests/support/folders.hpp"

namespace fleet::test_support {

std::filesystem::path bin_dir() {
    return FLEET_BIN_DIR;
}

std::filesystem::path source_dir() {
    return FLEET_SOURCE_DIR;
}

}  // namespace fleet::test_support
