#include "cli/work/open_work.hpp"

#include <utility>

#include "common/base/errors.hpp"

namespace fleet::cli {
namespace {

[[noreturn]] void refuse_missing(const model::Batch& work) {
    throw base::StoreError(base::StoreError::Kind::internal,
                           title_of(work) + " is not in the store any more");
}

model::PoolPressure pressure_of(contracts::Store& store, const model::Batch& work) {
    auto pressure = store.work().pressure(work.pool, work.private_lane ? work.name : "");
    if (!pressure) {
        refuse_missing(work);
    }
    return std::move(*pressure);
}

}  // namespace

model::Batch shared_work(contracts::Store& store, const std::string& pool) {
    model::Batch work;
    work.pool = pool;
    work.state = model::BatchState::sealed;
    work.counts = pressure_of(store, work).totals();
    return work;
}

model::Batch look_again(contracts::Store& store, const model::Batch& work) {
    if (is_shared_work(work)) {
        return shared_work(store, work.pool);
    }
    auto found = store.work().batch(work.name);
    if (!found) {
        refuse_missing(work);
    }
    return std::move(*found);
}

bool only_new_is_open(contracts::Store& store, const model::Batch& work) {
    return pressure_of(store, work).only_new_is_open();
}

std::string title_of(const model::Batch& work) {
    return is_shared_work(work) ? "the shared work of pool " + work.pool : "batch " + work.name;
}

}  // namespace fleet::cli
