// What another member of the family has left: executions with their latest checkpoints, stored
// configurations, kept signals. Read, never changed.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/json_text.hpp"
#include "machines/engine/snapshot.hpp"

namespace fleet::family {

/// Called by one thread at a time. Throws StoreError.
class Archive {
  public:
    Archive() = default;
    Archive(const Archive&) = delete;
    Archive& operator=(const Archive&) = delete;
    virtual ~Archive() = default;

    /// Sorted.
    [[nodiscard]] virtual std::vector<std::string> executions() = 0;
    /// nullopt: there is none. Throws ProtocolError for what is no snapshot.
    [[nodiscard]] virtual std::optional<engine::MachineSnapshot> latest(
        const std::string& execution_id) = 0;
    /// A machine's file as it was stored.
    [[nodiscard]] virtual std::optional<std::string> config(const std::string& hash) = 0;
    /// Kept signals of the channel, oldest first, as JSON.
    [[nodiscard]] virtual std::vector<base::JsonText> signals(const std::string& channel) = 0;
};

/// A folder of checkpoints, or a SQLite file. Throws ConfigError when it is neither.
[[nodiscard]] std::unique_ptr<Archive> open_archive(const std::filesystem::path& path);

}  // namespace fleet::family
