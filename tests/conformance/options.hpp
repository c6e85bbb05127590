// The command line of the conformance program.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/worker_crowd.hpp"

namespace fleet::conformance {

inline constexpr const char* kUsage =
    "usage: conformance DIR... [--report FILE] [--only ID] [--tag T] [--jobs N]\n"
    "                   [--resume-everywhere | --distributed [--workers N] [--kill]]\n"
    "                   [--known-failure ID]\n";

struct Options {
    std::vector<std::filesystem::path> folders;
    std::optional<std::filesystem::path> report;
    std::vector<std::string> only;
    std::vector<std::string> tags;
    std::size_t jobs = 1;
    bool resume_everywhere = false;
    bool distributed = false;
    CrowdOptions crowd;  ///< of the distributed run
    /// Cases of which it is known that they fail: one that passes is an error.
    std::vector<std::string> known_failures;

    /// Whether a case or row with this id, of these tags, is to be run.
    [[nodiscard]] bool select(const std::string& id, const std::vector<std::string>& of) const;
};

/// Throws ConfigError.
[[nodiscard]] Options read_options(int argc, char** argv);

}  // namespace fleet::conformance
