// A case of the conformance corpus as it stands in its folder: what to do, what the reference did.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/json.hpp"

namespace fleet::conformance {

struct CaseFile {
    std::string id;
    std::vector<std::string> tags;
    std::filesystem::path folder;
    base::Json json;      ///< case.json
    base::Json expected;  ///< a list: the reference's result of each op
    /// All machine and agent files, one after the other: errors that a stub raises stand there.
    std::string sources;

    [[nodiscard]] bool is_disputed() const { return json.contains("disputed"); }
    /// Results hold the number of steps or of calls: those of a run that was resumed are others.
    [[nodiscard]] bool prints_counts() const;
    [[nodiscard]] const base::Json& scenario() const { return json.at("scenario"); }
    [[nodiscard]] std::string backend() const { return json.value("backend", "memory"); }
};

/// The cases of a folder: one that holds `cases`, the folder of the cases itself, or that of one
/// case; sorted by id. Throws ConfigError for a case that cannot be read.
[[nodiscard]] std::vector<CaseFile> read_cases(const std::filesystem::path& folder);

}  // namespace fleet::conformance
