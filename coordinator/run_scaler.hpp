// The scaler program below its main(): the store is opened by the caller.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "common/base/clock.hpp"
#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"
#include "coordinator/scaler_options.hpp"

namespace fleet::coordinator {

/// Returns the exit code; 2 when the machine of the options cannot be run, with all that is wrong
/// in it on `err`. Throws base::Error at the start.
[[nodiscard]] int run_scaler(contracts::Store& store, const base::Clock& clock, base::Log& log,
                             const ScalerOptions& options, std::ostream& out, std::ostream& err);

/// A program that is installed beside this one.
[[nodiscard]] std::filesystem::path sibling_program(const char* name);

}  // namespace fleet::coordinator
