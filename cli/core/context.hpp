// What every command is given: the outside world, and the options that all commands share.
// One per process, made in main.cpp (or by a test); used from the main thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/core/terminal.hpp"
#include "common/base/clock.hpp"
#include "common/base/store_url.hpp"
#include "common/contracts/store.hpp"
#include "common/store/open.hpp"

namespace fleet::cli {

/// Exit codes that more than one command uses.
inline constexpr int kExitDone = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitBadUsage = 2;
inline constexpr int kExitSomeFailed = 3;
inline constexpr int kExitTimedOut = 4;
inline constexpr int kExitInterrupted = 130;
/// As a program that SIGPIPE has ended.
inline constexpr int kExitOutputClosed = 141;

struct CommandContext {
    const base::Clock& clock;
    const Terminal& terminal;
    /// Standard output. Throws OutputClosed when the reader has gone, base::Error when it cannot be
    /// written: commands need not look.
    std::ostream& out;
    /// Standard error. Never throws.
    std::ostream& err;
    /// Relative paths are taken from here.
    std::filesystem::path directory;
    /// The value of an environment variable; nullopt when it is not set.
    std::function<std::optional<std::string>(const std::string&)> environment;

    /// `--store`, empty when it was not given.
    std::string store_option{};
    /// What stood behind the first `--` of the command line, untouched; nullopt when there was no
    /// `--`. Only commands that called `takes_command` may have one.
    std::optional<std::vector<std::string>> command{};

    /// `--store`, else FLEET_STORE, else the `.fleet/` found by walking up, else `.fleet/` here.
    [[nodiscard]] base::StoreUrl store_url() const;
    /// Commands that only look refuse a store that is not there, with advice.
    [[nodiscard]] std::unique_ptr<contracts::Store> open_store(store::Missing missing) const;
};

/// The reader of standard output has gone (`fleet ps | head`): the program ends quietly.
struct OutputClosed {};

}  // namespace fleet::cli
