// Signals: copied to the executions that wait on the channel, or kept in the table `signals`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/contracts/signal.hpp"
#include "common/store/sqlite/database.hpp"
#include "common/store/sqlite/execution_row.hpp"

namespace fleet::store::sqlite {

class SqliteSignals final : public contracts::SignalBackend {
  public:
    explicit SqliteSignals(Database& database) : database_(database) {}

    contracts::SendResult send(const std::string& channel, const base::JsonText& payload) override;
    contracts::Addressed send_to(const model::ExecutionId& execution, const std::string& channel,
                                 const base::JsonText& payload) override;
    std::optional<model::Signal> consume(const std::string& channel) override;
    std::vector<model::Signal> peek(const std::string& channel, std::size_t limit) override;
    std::vector<model::ChannelCount> channels() override;

  private:
    Database& database_;
};

/// Wakes who waits on the channel, or keeps the signal. Of more than contracts::kMaxWoken the rest
/// is left to go_on_broadcasting; `woken` counts them already.
contracts::SendResult send_signal(WriteTransaction& transaction, const std::string& channel,
                                  const base::JsonText& payload);
[[nodiscard]] bool has_broadcasts(WriteTransaction& transaction);
/// Wakes the next of those that a long signal still has to reach, at most `limit`.
void go_on_broadcasting(WriteTransaction& transaction, std::size_t limit);
/// The payload of the oldest signal that is kept for the execution alone, else of the channel's
/// oldest, which is removed; nullopt if there is none.
[[nodiscard]] std::optional<std::string> take_kept_signal(WriteTransaction& transaction,
                                                          const ExecutionRow& row,
                                                          const std::string& channel);

}  // namespace fleet::store::sqlite
