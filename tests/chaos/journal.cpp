#include "tests/chaos/journal.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace fleet::chaos {

Journal::Journal(const std::filesystem::path& file) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        read(line);
    }
}

void Journal::read(const std::string& line) {
    std::istringstream stream(line);
    std::string what;
    std::string execution;
    Work work;
    if (!(stream >> what >> execution >> work.attempt >> work.token >> work.pid >>
          work.begun_at_ns)) {
        throw std::runtime_error("not a line of the journal: " + line);
    }
    if (what == "overlap") {
        overlaps_.push_back(line);
        return;
    }
    std::vector<Work>& works = works_[execution];
    if (what == "begin") {
        works.push_back(work);
        return;
    }
    const auto begun = std::find_if(works.begin(), works.end(), [&work](const Work& one) {
        return one.attempt == work.attempt && one.pid == work.pid;
    });
    if (what != "end" || begun == works.end()) {
        throw std::runtime_error("an end without its begin: " + line);
    }
    begun->ended_at_ns = work.begun_at_ns;
}

const std::vector<Work>& Journal::of(const std::string& execution) const {
    const auto found = works_.find(execution);
    return found == works_.end() ? none_ : found->second;
}

void Journal::judge(Tally& tally) const {
    for (const std::string& line : overlaps_) {
        ++tally.doubled;
        tally.break_rule("began while another attempt was at work: " + line);
    }
    for (const auto& [execution, works] : works_) {
        for (std::size_t i = 1; i < works.size(); ++i) {
            const Work& before = works[i - 1];
            const Work& after = works[i];
            const std::string who =
                "execution " + execution + ", attempt " + std::to_string(after.attempt) +
                " (token " + std::to_string(after.token) + ") after attempt " +
                std::to_string(before.attempt) + " (token " + std::to_string(before.token) + ")";
            if (after.attempt <= before.attempt) {
                ++tally.doubled;
                tally.break_rule("an attempt was started twice: " + who);
            }
            if (after.token <= before.token) {
                tally.break_rule("tokens do not grow: " + who);
            }
            if (before.ended_at_ns && *before.ended_at_ns > after.begun_at_ns) {
                ++tally.doubled;
                tally.break_rule("two attempts were at work at once: " + who);
            }
        }
    }
}

}  // namespace fleet::chaos
