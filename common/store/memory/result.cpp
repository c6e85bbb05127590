#include <memory>

#include "common/base/errors.hpp"
#include "common/store/memory/backends.hpp"
#include "common/store/memory/executions.hpp"

namespace fleet::store::memory {
namespace {

class Results final : public contracts::ResultBackend {
  public:
    explicit Results(State& state) : state_(state) {}

    void write(const std::string& uri, const base::JsonText& data) override {
        const contracts::ResultAddress address = contracts::parse_result_uri(uri);
        Transaction transaction(state_, Access::write);
        refuse_own(address, "writing " + uri);
        state_.results.insert_or_assign({address.execution_id, address.path}, data);
        transaction.result_written();
        transaction.notify(contracts::results_topic());
    }

    std::optional<base::JsonText> read(const std::string& uri, base::Millis timeout,
                                       std::stop_token stop) override {
        const contracts::ResultAddress address = contracts::parse_result_uri(uri);
        Transaction transaction(state_, Access::read);
        const base::JsonText* found = nullptr;
        const bool there = state_.result_written.wait_for(transaction.lock(), stop, timeout, [&] {
            found = find(address);
            return found != nullptr;
        });
        if (there) {
            return *found;
        }
        if (stop.stop_requested()) {
            throw base::Cancelled("waiting for " + uri + ": asked to stop");
        }
        return std::nullopt;
    }

    bool exists(const std::string& uri) override {
        const contracts::ResultAddress address = contracts::parse_result_uri(uri);
        const Transaction transaction(state_, Access::read);
        return find(address) != nullptr;
    }

    bool remove(const std::string& uri) override {
        const contracts::ResultAddress address = contracts::parse_result_uri(uri);
        const Transaction transaction(state_, Access::write);
        refuse_own(address, "removing " + uri);
        return state_.results.erase({address.execution_id, address.path}) != 0;
    }

  private:
    [[nodiscard]] Row* own_row(const contracts::ResultAddress& address) {
        const auto id = base::Uuid::parse(address.execution_id);
        return id ? find_row(state_, *id) : nullptr;
    }

    void refuse_own(const contracts::ResultAddress& address, const std::string& doing) {
        if (own_row(address) != nullptr) {
            throw base::ProtocolError(
                doing + ": execution " + address.execution_id +
                    " belongs to this store, its result is what its last commit says",
                "finish it with a commit, or use an id of your own");
        }
    }

    /// nullptr: not there.
    const base::JsonText* find(const contracts::ResultAddress& address) {
        if (const Row* row = own_row(address)) {
            if (address.path == "result") {
                return row->status == model::Status::done ? &row->output : nullptr;
            }
            return row->snapshot.empty() ? nullptr : &row->snapshot;
        }
        const auto found = state_.results.find({address.execution_id, address.path});
        return found == state_.results.end() ? nullptr : &found->second;
    }

    State& state_;
};

}  // namespace

std::unique_ptr<contracts::ResultBackend> make_results(State& state) {
    return std::make_unique<Results>(state);
}

}  // namespace fleet::store::memory
