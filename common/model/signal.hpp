// A signal kept for a channel until somebody consumes it.
#pragma once

#include <string>

#include "common/base/ids.hpp"
#include "common/base/json_text.hpp"
#include "common/base/time.hpp"

namespace fleet::model {

struct Signal {
    base::Uuid id;
    std::string channel;
    base::JsonText payload;
    base::StoreTime created_at{};
};

struct ChannelCount {
    std::string channel;
    std::int64_t pending = 0;
    bool operator==(const ChannelCount&) const = default;
};

}  // namespace fleet::model
