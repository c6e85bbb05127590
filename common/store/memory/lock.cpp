#include <memory>

#include "common/store/memory/backends.hpp"

namespace fleet::store::memory {
namespace {

class Locks final : public contracts::ExecutionLock {
  public:
    explicit Locks(State& state) : state_(state) {}

    std::optional<model::NamedLease> acquire(const std::string& key, const std::string& owner,
                                             base::Millis ttl) override {
        Transaction transaction(state_, Access::write);
        LockRow& row = state_.locks[key];
        if (!row.owner.empty()) {
            if (row.until <= transaction.now()) {
                transaction.tick();
            }
            if (is_held(transaction, row)) {
                return std::nullopt;
            }
        }
        row = {owner, row.token + 1, transaction.now() + ttl, ttl};
        return lease_of(transaction, key, row);
    }

    bool renew(const model::NamedLease& lease, base::Millis ttl) override {
        Transaction transaction(state_, Access::write);
        transaction.tick();
        LockRow* row = find(lease);
        if (row != nullptr) {
            row->until = transaction.now() + ttl;
            row->ttl = ttl;
        }
        return row != nullptr;
    }

    bool release(const model::NamedLease& lease) override {
        const Transaction transaction(state_, Access::write);
        LockRow* row = find(lease);
        if (row != nullptr) {
            row->owner.clear();
        }
        return row != nullptr;
    }

    bool break_lease(const std::string& key, const std::string& owner) override {
        const Transaction transaction(state_, Access::write);
        const auto row = state_.locks.find(key);
        if (row == state_.locks.end() || row->second.owner.empty() || row->second.owner != owner) {
            return false;
        }
        row->second.owner.clear();
        return true;
    }

    std::optional<model::NamedLease> get(const std::string& key) override {
        const Transaction transaction(state_, Access::read);
        const auto row = state_.locks.find(key);
        if (row == state_.locks.end() || !is_held(transaction, row->second)) {
            return std::nullopt;
        }
        return lease_of(transaction, key, row->second);
    }

    std::vector<model::NamedLease> list() override {
        const Transaction transaction(state_, Access::read);
        std::vector<model::NamedLease> live;
        for (const auto& [key, row] : state_.locks) {
            if (is_held(transaction, row)) {
                live.push_back(lease_of(transaction, key, row));
            }
        }
        return live;
    }

  private:
    static bool is_held(const Transaction& transaction, const LockRow& row) {
        return !row.owner.empty() && !transaction.is_over(row.until, row.ttl);
    }
    static model::NamedLease lease_of(const Transaction& transaction, const std::string& key,
                                      const LockRow& row) {
        return {key, row.owner, row.token,
                transaction.end_of(row.until, row.ttl) - transaction.now()};
    }
    LockRow* find(const model::NamedLease& lease) {
        const auto row = state_.locks.find(lease.key);
        const bool owned = row != state_.locks.end() && !row->second.owner.empty() &&
                           row->second.owner == lease.owner && row->second.token == lease.token;
        return owned ? &row->second : nullptr;
    }

    State& state_;
};

}  // namespace

std::unique_ptr<contracts::ExecutionLock> make_locks(State& state) {
    return std::make_unique<Locks>(state);
}

}  // namespace fleet::store::memory
