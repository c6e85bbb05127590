#include "common/model/provider.hpp"

#include "common/model/names.hpp"

namespace fleet::model {
namespace {

constexpr NameTable<PaceSource, 4> kPaceSourceNames{{
    {PaceSource::configured, "configured"},
    {PaceSource::headers, "headers"},
    {PaceSource::learned, "learned"},
    {PaceSource::unlimited, "unlimited"},
}};

constexpr NameTable<CircuitState, 3> kCircuitNames{{
    {CircuitState::closed, "closed"},
    {CircuitState::open, "open"},
    {CircuitState::half_open, "half_open"},
}};

constexpr NameTable<HoldReason, 5> kHoldNames{{
    {HoldReason::pace, "pace"},
    {HoldReason::retry_after, "retry_after"},
    {HoldReason::circuit, "circuit"},
    {HoldReason::person, "person"},
    {HoldReason::budget, "budget"},
}};

}  // namespace

std::string_view to_text(PaceSource source) {
    return name_of(kPaceSourceNames, source);
}

std::optional<PaceSource> parse_pace_source(std::string_view text) {
    return value_of(kPaceSourceNames, text);
}

std::string_view to_text(CircuitState state) {
    return name_of(kCircuitNames, state);
}

std::optional<CircuitState> parse_circuit_state(std::string_view text) {
    return value_of(kCircuitNames, text);
}

std::string_view to_text(HoldReason reason) {
    return name_of(kHoldNames, reason);
}

}  // namespace fleet::model
