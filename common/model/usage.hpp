// What calls to providers have used, as counted from their answers.
#pragma once

#include <cstdint>
#include <string>

namespace fleet::model {

struct UsageRecord {
    std::string day;       ///< UTC date "2026-11-21"; empty: the store's current day
    std::string provider;  ///< "provider/model"
    std::string phase;     ///< stage or other label, may be empty
    std::int64_t requests = 0;
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    std::int64_t cost_micros = 0;  ///< millionths of the account's currency
    bool operator==(const UsageRecord&) const = default;
};

}  // namespace fleet::model
