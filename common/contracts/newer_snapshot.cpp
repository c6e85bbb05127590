#include "common/contracts/newer_snapshot.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/base/json.hpp"

namespace fleet::contracts {
namespace {

/// ISO 8601 in UTC without its zone and with six digits behind the seconds, so that texts of all
/// members of the family sort by time. Others are empty: they prove nothing.
std::string sortable(std::string time) {
    for (const std::string_view zone : {"Z", "+00:00"}) {
        if (time.ends_with(zone)) {
            time.resize(time.size() - zone.size());
            break;
        }
    }
    constexpr std::size_t kSeconds = std::string_view("2026-11-21T07:50:30").size();
    constexpr std::size_t kDigits = 6;
    if (time.size() == kSeconds) {
        time += '.';
    }
    if (time.size() <= kSeconds || time[kSeconds] != '.') {
        return {};
    }
    time.resize(kSeconds + 1 + kDigits, '0');
    return time;
}

std::optional<std::pair<std::int64_t, std::string>> place_of(const base::JsonText& text) {
    const base::Json json = base::Json::parse(text, nullptr, false);
    if (!json.is_object()) {
        return std::nullopt;
    }
    const auto step = json.find("step");
    if (step == json.end() || !step->is_number_integer()) {
        return std::nullopt;
    }
    const auto time = json.find("created_at");
    const bool is_told = time != json.end() && time->is_string();
    return std::pair{step->get<std::int64_t>(), is_told ? sortable(time->get<std::string>()) : ""};
}

}  // namespace

bool is_newer_snapshot(const base::JsonText& other, const base::JsonText& current) {
    if (other == current) {
        return false;
    }
    const auto theirs = place_of(other);
    const auto ours = place_of(current);
    return theirs && ours && *theirs > *ours;
}

}  // namespace fleet::contracts
