// What the executions of one submission have in common: the machine and how it is run. Stored once
// per distinct content, so that a million items carry only their own input.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/json_text.hpp"
#include "common/base/time.hpp"

namespace fleet::model {

/// Delay before the next try after the n-th counting failure.
struct Backoff {
    base::Millis initial{1000};
    base::Millis maximum{60'000};
    double factor = 2.0;
    double jitter = 0.2;              ///< share of the delay that is random, 0..1
    std::vector<base::Millis> steps;  ///< if not empty, these instead; the last one repeats
    bool operator==(const Backoff&) const = default;

    /// `failures` from 1; `random` in [0,1). Never negative, never above `maximum` (or the step).
    [[nodiscard]] base::Millis delay(int failures, double random) const;
};

/// WorkSpec::machine of a machine whose configuration is in the store.
inline constexpr const char* kStoredMachine = "flatmachine";

struct WorkSpec {
    /// Or builtin:noop, builtin:echo, builtin:sleep; "flatmachine" with `config`.
    std::string machine = "builtin:command";
    std::string config = {};        ///< hash of the stored configuration; empty for built-ins
    std::int64_t entry = 0;         ///< which machine of the configuration's bundle; 0: the first
    std::vector<std::string> argv;  ///< templates with placeholders; for commands
    std::string directory;          ///< absolute working directory; for commands
    std::vector<std::pair<std::string, std::string>> environment;  ///< added to the worker's own
    bool item_on_stdin = false;
    std::optional<base::Millis> timeout;  ///< of one attempt
    base::Millis grace{30'000};           ///< between TERM and KILL
    int max_attempts = 3;
    Backoff backoff;
    bool operator==(const WorkSpec&) const = default;
};

/// Canonical JSON: equal specs give equal text.
[[nodiscard]] base::JsonText to_json_text(const WorkSpec& spec);
/// Unknown members are ignored (a newer program wrote them); wrong types throw ProtocolError.
[[nodiscard]] WorkSpec work_spec_from_json(const base::JsonText& text);

}  // namespace fleet::model
