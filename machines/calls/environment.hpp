// The environment that commands run in. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleet::calls {

/// What is the same for all commands of one spec on one worker: the inherited variables, then the
/// spec's, then ours. Without duplicates, in "NAME=value" form, for process::SpawnOptions.
///
/// - FLEET_* variables that describe an attempt are never inherited: a worker may itself run in a
///   command of another fleet.
/// - Characters become C.UTF-8 unless the inherited locale is UTF-8 already or the spec sets one;
///   what the locale says of the rest (messages, order, time) stays.
/// - PYTHONUTF8=1 and PYTHONIOENCODING=utf-8 unless the spec sets them.
/// - FLEET_STORE and FLEET_PROCESS_MARK are ours alone.
struct EnvironmentRequest {
    const std::vector<std::string>& inherited;
    const std::vector<std::pair<std::string, std::string>>& added;
    std::string_view store_url;
    std::string_view process_mark;
};
[[nodiscard]] std::vector<std::string> command_environment(const EnvironmentRequest& request);

/// The longest single "NAME=value" or argument that Linux passes to a program, without its NUL.
inline constexpr std::size_t kMaxArgumentBytes = (128U << 10U) - 1;

}  // namespace fleet::calls
