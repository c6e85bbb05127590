// A checkpoint in the FlatMachines layout.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/json_text.hpp"
#include "common/base/time.hpp"
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

/// A machine's configuration as it was read, stored once under the hash of its content, so that an
/// execution goes on with the one it began with.
struct StoredConfig {
    std::string hash;
    std::string machine_name;
    std::string spec_version;
    std::string raw;  ///< the text that was read; for several files a JSON bundle of them
    base::StoreTime created_at{};  ///< given by the store
};

}  // namespace fleet::model
