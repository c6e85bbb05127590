// Whether anybody still looks after a worker that a scaler has started. When its scaler was killed
// and no other comes, nobody would ever tell it to leave.
//
// A scaler that has left in order has left its workers to go on (`--once`, `--leave-workers`); only
// one that died, or is not heard of, makes a worker lonely. Not thread-safe.
#pragma once

#include <optional>
#include <string>

#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"
#include "common/model/worker.hpp"

namespace fleet::worker {

class HostWatch {
  public:
    /// `store` and `clock` must outlive it.
    HostWatch(contracts::Store& store, const base::Clock& clock, const model::WorkerRecord& self);

    /// Why an idle worker should leave; nullopt: it should not. Workers that were started by hand
    /// never should. Two reads of the store at most. Throws base::StoreError.
    [[nodiscard]] std::optional<std::string> reason_to_leave();

  private:
    [[nodiscard]] bool looks_after_us(const model::WorkerRecord& scaler) const;
    [[nodiscard]] bool is_at_work(const model::WorkerRecord& scaler) const;
    [[nodiscard]] bool batch_is_over() const;

    contracts::Store& store_;
    const base::Clock& clock_;
    const model::WorkerRecord self_;
    std::optional<base::BootTime> lonely_since_;
};

}  // namespace fleet::worker
