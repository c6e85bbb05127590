// A checkpoint in the FlatMachines layout.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/json_text.hpp"
#include "common/model/execution.hpp"

namespace fleet::model {

/// `json` is the family's snapshot object; the other members repeat what the tables index.
struct Snapshot {
    std::string execution_id;  ///< the family allows any text here, ours are UUIDs
    std::string machine_name;
    std::string event;  ///< machine_start, state_enter, execute, state_exit, machine_end, waiting
    std::string current_state;
    std::string waiting_channel;  ///< empty for none
    std::int64_t step = 0;
    base::JsonText json;
    bool operator==(const Snapshot&) const = default;

    /// `<id>/step_%06d_<event>.json`: the family's key form.
    [[nodiscard]] std::string key() const;
};

}  // namespace fleet::model
