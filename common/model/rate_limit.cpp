#include "common/model/rate_limit.hpp"

#include "common/model/names.hpp"
#include "common/model/provider_call.hpp"

namespace fleet::model {
namespace {

constexpr NameTable<Quantity, 4> kQuantityNames{{
    {Quantity::requests, "requests"},
    {Quantity::tokens, "tokens"},
    {Quantity::input_tokens, "input_tokens"},
    {Quantity::output_tokens, "output_tokens"},
}};

constexpr NameTable<Refusal, 10> kRefusalNames{{
    {Refusal::none, "none"},
    {Refusal::per_second, "per_second"},
    {Refusal::per_minute, "per_minute"},
    {Refusal::per_hour, "per_hour"},
    {Refusal::per_day, "per_day"},
    {Refusal::overloaded, "overloaded"},
    {Refusal::billing, "billing"},
    {Refusal::auth, "auth"},
    {Refusal::too_long, "too_long"},
    {Refusal::bad_request, "bad_request"},
}};

constexpr NameTable<CallEnd, 6> kCallEndNames{{
    {CallEnd::answered, "answered"},
    {CallEnd::refused, "refused"},
    {CallEnd::server_error, "server_error"},
    {CallEnd::timed_out, "timed_out"},
    {CallEnd::unreachable, "unreachable"},
    {CallEnd::abandoned, "abandoned"},
}};

}  // namespace

std::string_view to_text(Quantity quantity) {
    return name_of(kQuantityNames, quantity);
}

std::string_view to_text(Refusal refusal) {
    return name_of(kRefusalNames, refusal);
}

std::optional<Refusal> parse_refusal(std::string_view text) {
    return value_of(kRefusalNames, text);
}

std::string_view to_text(CallEnd end) {
    return name_of(kCallEndNames, end);
}

bool is_rate_limit(Refusal refusal) {
    switch (refusal) {
        case Refusal::per_second:
        case Refusal::per_minute:
        case Refusal::per_hour:
        case Refusal::per_day:
        case Refusal::overloaded:
            return true;
        default:
            return false;
    }
}

bool needs_person(Refusal refusal) {
    return refusal == Refusal::billing || refusal == Refusal::auth;
}

}  // namespace fleet::model
