#include "scaler/clamp.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace fleet::scaler {
namespace {

constexpr std::array<std::pair<Clamp, std::string_view>, 26> kClampNames{{
    {Clamp::none, "none"},
    {Clamp::high_water, "high_water"},
    {Clamp::drain_target, "drain_target"},
    {Clamp::max_wait, "max_wait"},
    {Clamp::reset_burst, "reset_burst"},
    {Clamp::pace, "pace"},
    {Clamp::retry_after, "retry_after"},
    {Clamp::circuit, "circuit"},
    {Clamp::budget, "budget"},
    {Clamp::keep_one, "keep_one"},
    {Clamp::slots_per_worker, "slots_per_worker"},
    {Clamp::minimum, "minimum"},
    {Clamp::maximum, "maximum"},
    {Clamp::fleet_maximum, "fleet_maximum"},
    {Clamp::paused, "paused"},
    {Clamp::stabilization, "stabilization"},
    {Clamp::shrink_limit, "shrink_limit"},
    {Clamp::tolerance, "tolerance"},
    {Clamp::surge, "surge"},
    {Clamp::hosts, "hosts"},
    {Clamp::memory, "memory"},
    {Clamp::descriptors, "descriptors"},
    {Clamp::pressure, "pressure"},
    {Clamp::launch_hold, "launch_hold"},
    {Clamp::exact, "exact"},
    {Clamp::busy, "busy"},
}};

}  // namespace

std::string_view to_text(Clamp clamp) {
    for (const auto& [known, name] : kClampNames) {
        if (known == clamp) {
            return name;
        }
    }
    std::abort();
}

std::string_view to_text(Unit unit) {
    return unit == Unit::slots ? "slots" : "workers";
}

void Target::apply(int value, Clamp by, std::string text) {
    steps.push_back({by, unit, number, value, text});
    if (value != number) {
        number = value;
        clamp = by;
        why = std::move(text);
    }
}

void Target::at_most(int value, Clamp by, std::string text) {
    apply(std::min(number, value), by, std::move(text));
}

void Target::at_least(int value, Clamp by, std::string text) {
    apply(std::max(number, value), by, std::move(text));
}

}  // namespace fleet::scaler
