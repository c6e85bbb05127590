// Counts per lane and batch, kept with the rows they count so that nobody ever counts rows.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/time.hpp"
#include "common/model/execution.hpp"

namespace fleet::store::sqlite {

class Connection;

/// Where an execution is counted: `ready` and `delayed` are the two halves of pending.
enum class Count { ready, delayed, running, waiting, done, failed, cancelled };
inline constexpr std::size_t kCounts = 7;

[[nodiscard]] Count count_of(model::Status status, bool ready);

/// Net changes collected by the operations of one group; values only.
class CounterDeltas {
  public:
    /// One execution appears in `to`. `batch` 0: none.
    void add(std::int64_t lane, std::int64_t batch, Count to);
    void move(std::int64_t lane, std::int64_t batch, Count from, Count to);
    /// One execution is removed for good (pruned).
    void remove(std::int64_t lane, std::int64_t batch, Count from);
    /// One attempt's service time.
    void service(std::int64_t lane, base::Millis time);
    void merge(const CounterDeltas& other);
    [[nodiscard]] bool empty() const { return lanes_.empty() && batches_.empty(); }
    /// Writes the changes; updates the rates of arrival and completion. True when a batch has no
    /// live execution left.
    [[nodiscard]] bool flush(Connection& connection, base::StoreTime now) const;

  private:
    struct Lane {
        std::int64_t lane = 0;
        std::array<std::int64_t, kCounts> change{};
        std::int64_t arrivals = 0;
        std::int64_t completions = 0;
        std::vector<base::Millis> service_times;
    };
    struct Batch {
        std::int64_t batch = 0;
        std::array<std::int64_t, kCounts> change{};
        bool finished_some = false;
    };
    Lane& lane(std::int64_t number);
    void change_batch(std::int64_t batch, std::optional<Count> from, std::optional<Count> to);

    std::vector<Lane> lanes_;
    std::vector<Batch> batches_;
};

}  // namespace fleet::store::sqlite
