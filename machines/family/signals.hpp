// Signals as the FlatMachines family keeps them: named channels, each a queue. Thread-safe. What is
// sent here wakes nobody; executions of a fleet are woken by their own store.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "machines/expression/value.hpp"

namespace fleet::family {

class FamilySignals {
  public:
    FamilySignals() = default;
    FamilySignals(const FamilySignals&) = delete;
    FamilySignals& operator=(const FamilySignals&) = delete;
    virtual ~FamilySignals() = default;

    virtual void send(const std::string& channel, const expression::Value& data) = 0;
    /// Takes the oldest; nullopt: there is none.
    [[nodiscard]] virtual std::optional<expression::Value> consume(const std::string& channel) = 0;
    /// Oldest first.
    [[nodiscard]] virtual std::vector<expression::Value> peek(const std::string& channel) = 0;
    /// Those that hold something, sorted.
    [[nodiscard]] virtual std::vector<std::string> channels() = 0;
};

[[nodiscard]] std::unique_ptr<FamilySignals> memory_signals();
/// The table `signals`; the file is made when there is none. Throws StoreError.
[[nodiscard]] std::unique_ptr<FamilySignals> sqlite_signals(const std::filesystem::path& file);

}  // namespace fleet::family
