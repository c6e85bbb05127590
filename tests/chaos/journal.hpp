// What the commands of a box wrote down (tests/programs/chaos_item.cpp), and what it proves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/chaos/tally.hpp"

namespace fleet::chaos {

/// One start of a command.
struct Work {
    int attempt = 0;
    std::int64_t token = 0;
    int pid = 0;
    std::int64_t begun_at_ns = 0;
    std::optional<std::int64_t> ended_at_ns;  ///< unset: it was killed
};

class Journal {
  public:
    /// Throws std::runtime_error for a line that no command writes. A file that is not there is an
    /// empty journal.
    explicit Journal(const std::filesystem::path& file);

    /// In the order of their begin; empty if the execution never started a command.
    [[nodiscard]] const std::vector<Work>& of(const std::string& execution) const;
    /// Rules that need no store: each attempt starts once, tokens grow, no two at work at once.
    void judge(Tally& tally) const;

  private:
    void read(const std::string& line);

    std::map<std::string, std::vector<Work>> works_;
    std::vector<std::string> overlaps_;  ///< lines that say so
    std::vector<Work> none_;
};

}  // namespace fleet::chaos
