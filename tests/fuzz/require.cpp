#include <cstdlib>
#include <iostream>

#include "tests/fuzz/target.hpp"

namespace fleet::fuzz {

void require(bool holds, const char* what) {
    if (!holds) {
        std::cerr << "broken: " << what << std::endl;
        std::abort();
    }
}

}  // namespace fleet::fuzz
