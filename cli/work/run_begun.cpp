#include "cli/work/run_begun.hpp"

#include <algorithm>
#include <vector>

#include "cli/core/known_names.hpp"
#include "cli/operate/fleet_file_start.hpp"
#include "cli/work/batch_run.hpp"
#include "cli/work/open_work.hpp"
#include "cli/work/submission.hpp"

namespace fleet::cli {
namespace {

constexpr std::size_t kLookBack = 1'000;

/// Batches with workers of their own, the oldest first, then what all workers of the pool share.
std::vector<model::Batch> begun_work(contracts::Store& store, const std::string& pool) {
    std::vector<model::Batch> work = store.work().batches(kLookBack);
    std::erase_if(
        work, [&](const model::Batch& batch) { return batch.pool != pool || !batch.private_lane; });
    std::ranges::reverse(work);
    work.push_back(shared_work(store, pool));
    std::erase_if(work, [&](const model::Batch& batch) { return only_new_is_open(store, batch); });
    return work;
}

}  // namespace

int run_begun(CommandContext& context, Interrupts& interrupts, const std::string& pool,
              const RunOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    check_shared(*store);
    apply_fleet_file(context, *store);
    require_pool(*store, pool);
    const std::vector<model::Batch> begun = begun_work(*store, pool);
    if (begun.empty()) {
        context.out << "nothing to resume: nothing that was begun in pool " << pool << " is open"
                    << std::endl;
        return kExitDone;
    }
    int worst = kExitDone;
    for (const model::Batch& work : begun) {
        const BatchRunOptions run_options =
            apply_run_options(context, options, batch_options_from_json(work.options));
        const int code = BatchRun(context, *store, interrupts, work, run_options).run();
        worst = std::max(worst, code);
        if (code == kExitInterrupted) {
            break;
        }
    }
    return worst;
}

}  // namespace fleet::cli
