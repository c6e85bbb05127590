// From a verdict on a call to the bytes of its reply. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/support/mock_provider/limit_headers.hpp"
#include "tests/support/mock_provider/reply.hpp"
#include "tests/support/mock_provider/turn.hpp"

namespace fleet::mock_provider {

struct Given {
    const std::optional<Fault>& fault;  ///< that spoils the answer
    const Admission& admission;
    Nanos latency{};
    std::uint64_t number = 0;
};
[[nodiscard]] Reply given_reply(const Turn& turn, const Answer& answer, const Given& given);

struct Refused {
    const std::optional<Fault>& fault;  ///< that stands for the answer
    int status = 0;
    const std::string& message;  ///< empty: the usual one of the status
    const Admission& admission;  ///< of a limit that refused
    std::uint64_t number = 0;
};
[[nodiscard]] Reply refused_reply(const Turn& turn, const Refused& refused);

}  // namespace fleet::mock_provider
