#include "cli/operate/stage_option.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "cli/core/app.hpp"
#include "cli/core/terminal.hpp"

namespace fleet::cli {
namespace {

constexpr std::int64_t kMostRank = 1'000;
constexpr std::int64_t kMostBuffer = 1'000'000'000;

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
    throw UsageError(
        "--stage " + text + ": " + why,
        "write NAME:rank=N,low=N,high=N,provider=NAME, or NAME:none to forget the stage");
}

std::int64_t number(const std::string& text, const std::string& value, std::int64_t most) {
    std::int64_t result = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, result);
    if (parsed.ec != std::errc() || parsed.ptr != end || result < 0 || result > most) {
        refuse(text, "\"" + value + "\" is not a number from 0 to " + std::to_string(most));
    }
    return result;
}

std::optional<std::int64_t> mark(const std::string& text, const std::string& value) {
    return value == "none" ? std::nullopt : std::optional(number(text, value, kMostBuffer));
}

std::string provider(const std::string& text, const std::string& value) {
    if (value == "none") {
        return "";
    }
    const auto slash = value.find('/');
    if (slash == 0 || slash == std::string::npos || slash + 1 == value.size()) {
        refuse(text, "\"" + value + "\" is not a PROVIDER/MODEL");
    }
    return value;
}

void set(const std::string& text, const std::string& setting, model::StagePolicy& stage) {
    const auto equals = setting.find('=');
    const std::string name = setting.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : setting.substr(equals + 1);
    if (name == "rank") {
        stage.rank = static_cast<int>(number(text, value, kMostRank));
    } else if (name == "low") {
        stage.low_water = mark(text, value);
    } else if (name == "high") {
        stage.high_water = mark(text, value);
    } else if (name == "provider") {
        stage.provider = provider(text, value);
    } else {
        refuse(text, "\"" + setting + "\" is not rank=N, low=N, high=N or provider=NAME");
    }
}

}  // namespace

void apply_stage_option(const std::string& text, std::vector<model::StagePolicy>& stages) {
    const auto colon = text.find(':');
    const std::string name = text.substr(0, colon);
    if (name.empty() || colon == std::string::npos) {
        refuse(text, "it does not say what to set");
    }
    std::string rest = text.substr(colon + 1);
    auto found = std::ranges::find(stages, name, &model::StagePolicy::stage);
    if (rest == "none") {
        if (found == stages.end()) {
            refuse(text, "the pool has no such stage");
        }
        stages.erase(found);
        return;
    }
    model::StagePolicy stage = found == stages.end() ? model::StagePolicy{} : *found;
    stage.stage = name;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        set(text, rest.substr(0, comma), stage);
        rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    }
    if (stage.low_water && stage.high_water && *stage.low_water >= *stage.high_water) {
        refuse(text, "the low-water mark must be below the high-water mark");
    }
    if (found == stages.end()) {
        stages.push_back(stage);
    } else {
        *found = stage;
    }
    std::ranges::stable_sort(stages, {}, &model::StagePolicy::rank);
}

std::string describe_stage(const model::StagePolicy& stage) {
    const auto text = [](const std::optional<std::int64_t>& water) {
        return water ? std::to_string(*water) : std::string("none");
    };
    return "rank " + std::to_string(stage.rank) + ", low water " + text(stage.low_water) +
           ", high water " + text(stage.high_water) +
           (stage.provider.empty() ? "" : ", provider " + printable(stage.provider));
}

}  // namespace fleet::cli
