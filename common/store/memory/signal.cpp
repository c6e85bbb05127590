#include <memory>

#include "common/store/memory/backends.hpp"
#include "common/store/memory/executions.hpp"

namespace fleet::store::memory {
namespace {

model::Signal make_signal(Transaction& transaction, const std::string& channel,
                          const base::JsonText& payload) {
    State& state = transaction.state();
    model::Signal signal;
    signal.id = state.ids.next(state.clock.wall_now());
    signal.channel = channel;
    signal.payload = payload;
    signal.created_at = transaction.now();
    return signal;
}

class Signals final : public contracts::SignalBackend {
  public:
    explicit Signals(State& state) : state_(state) {}

    contracts::SendResult send(const std::string& channel, const base::JsonText& payload) override {
        Transaction transaction(state_, Access::write);
        return send_signal(transaction, channel, payload);
    }

    contracts::Addressed send_to(const model::ExecutionId& execution, const std::string& channel,
                                 const base::JsonText& payload) override {
        Transaction transaction(state_, Access::write);
        Row* row = find_row(state_, execution);
        if (row == nullptr) {
            return contracts::Addressed::not_found;
        }
        if (model::is_terminal(row->status)) {
            return contracts::Addressed::ended;
        }
        if (row->status == model::Status::waiting && row->channel == channel &&
            !is_late(transaction, *row)) {
            row->signal = payload;
            wake(transaction, *row, model::Woken::signal);
            return contracts::Addressed::woken;
        }
        state_.mail[{execution, channel}].push_back(make_signal(transaction, channel, payload));
        return contracts::Addressed::kept;
    }

    std::optional<model::Signal> consume(const std::string& channel) override {
        const Transaction transaction(state_, Access::write);
        return take_signal(state_, channel);
    }

    std::vector<model::Signal> peek(const std::string& channel, std::size_t limit) override {
        const Transaction transaction(state_, Access::read);
        std::vector<model::Signal> signals;
        if (const auto kept = state_.signals.find(channel); kept != state_.signals.end()) {
            for (const model::Signal& signal : kept->second) {
                if (signals.size() == limit) {
                    break;
                }
                signals.push_back(signal);
            }
        }
        return signals;
    }

    std::vector<model::ChannelCount> channels() override {
        const Transaction transaction(state_, Access::read);
        std::vector<model::ChannelCount> counts;
        for (const auto& [channel, kept] : state_.signals) {
            counts.push_back({channel, static_cast<std::int64_t>(kept.size())});
        }
        return counts;
    }

  private:
    State& state_;
};

/// The oldest of the queue at `found`, which goes when it is empty.
template <class Queues>
model::Signal take_first(Queues& queues, typename Queues::iterator found) {
    model::Signal signal = std::move(found->second.front());
    found->second.pop_front();
    if (found->second.empty()) {
        queues.erase(found);
    }
    return signal;
}

}  // namespace

contracts::SendResult send_signal(Transaction& transaction, const std::string& channel,
                                  const base::JsonText& payload) {
    State& state = transaction.state();
    contracts::SendResult result;
    const auto found = state.waiting_on.find(channel);
    const auto waiting =
        found == state.waiting_on.end()
            ? std::vector<std::int64_t>()
            : std::vector<std::int64_t>(found->second.begin(), found->second.end());
    for (const std::int64_t sequence : waiting) {
        Row& row = state.rows.at(sequence);
        if (is_late(transaction, row)) {
            continue;
        }
        row.signal = payload;
        wake(transaction, row, model::Woken::signal);
        ++result.woken;
    }
    if (result.woken == 0) {
        state.signals[channel].push_back(make_signal(transaction, channel, payload));
        result.kept = true;
    }
    return result;
}

void park_on_channel(Transaction& transaction, Row& row, const model::NextWaiting& next) {
    if (!next.channel.empty()) {
        if (const auto kept = take_signal_for(transaction.state(), row.id, next.channel)) {
            row.signal = kept->payload;
            wake(transaction, row, model::Woken::signal);
            return;
        }
    }
    alter_row(transaction, row, [&](Row& changed) {
        changed.status = model::Status::waiting;
        changed.owner.clear();
        changed.begun = false;
        changed.channel = next.channel;
        if (next.deadline) {
            changed.due_at = transaction.now() + *next.deadline;
        }
    });
}

std::optional<model::Signal> take_signal(State& state, const std::string& channel) {
    const auto kept = state.signals.find(channel);
    if (kept == state.signals.end()) {
        return std::nullopt;
    }
    return take_first(state.signals, kept);
}

std::optional<model::Signal> take_signal_for(State& state, const model::ExecutionId& execution,
                                             const std::string& channel) {
    const auto mail = state.mail.find({execution, channel});
    return mail == state.mail.end() ? take_signal(state, channel)
                                    : std::optional(take_first(state.mail, mail));
}

std::unique_ptr<contracts::SignalBackend> make_signals(State& state) {
    return std::make_unique<Signals>(state);
}

}  // namespace fleet::store::memory
