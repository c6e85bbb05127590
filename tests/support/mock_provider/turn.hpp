// One call's turn: everything that its answer is made from. Plain values.
#pragma once

#include <memory>

#include "tests/support/mock_provider/answer.hpp"
#include "tests/support/mock_provider/call.hpp"
#include "tests/support/mock_provider/scenario.hpp"
#include "tests/support/mock_provider/time.hpp"

namespace fleet::mock_provider {

struct Turn {
    std::shared_ptr<const Scenario> scenario;
    Call call{};
    Instant now{};
    bool keep_alive = true;

    /// What the provider believes the time to be.
    [[nodiscard]] Instant skewed() const { return now + scenario->clock_skew; }
};

}  // namespace fleet::mock_provider
