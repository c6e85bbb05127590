// A fuzz target: one input language, handled as the product handles it. The fuzzer calls it with
// what it made up, the replay test with every seed. To add one: a file fuzz_NAME.cpp that defines
// `run`, a line in CMakeLists.txt, seeds in seeds/NAME.
#pragma once

#include <string_view>

namespace fleet::fuzz {

/// Refusals are the expected outcome of most inputs and caught here; what else comes out is a
/// finding. The same input does the same each time.
void run(std::string_view input);

/// A property that holds for every input: a finding when it does not.
void require(bool holds, const char* what);

}  // namespace fleet::fuzz
