#include "common/contracts/stage_order.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fleet::contracts {
namespace {

const model::StagePolicy* policy_of(const std::vector<model::StagePolicy>& policies,
                                    const std::string& stage) {
    const auto found = std::ranges::find(policies, stage, &model::StagePolicy::stage);
    return found == policies.end() ? nullptr : &*found;
}

void add_missing(std::vector<StageBuffer>& buffers,
                 const std::vector<model::StagePolicy>& policies) {
    for (const model::StagePolicy& policy : policies) {
        const auto found = std::ranges::find(buffers, policy.stage, &StageBuffer::stage);
        if (found == buffers.end()) {
            buffers.push_back({policy.stage, policy.rank, 0});
        } else {
            found->rank = policy.rank;
        }
    }
}

}  // namespace

StageOrder stage_order(std::vector<StageBuffer> buffers,
                       const std::vector<model::StagePolicy>& policies,
                       std::vector<std::string> closed) {
    add_missing(buffers, policies);
    std::ranges::stable_sort(buffers, std::ranges::greater(), &StageBuffer::rank);
    StageOrder order;
    for (const StageBuffer& buffer : buffers) {
        order.stages.push_back(buffer.stage);
    }
    // From the latest on: a stage that was lifted may itself starve and lift the one before it.
    std::vector<std::string> blocked = std::move(closed);
    for (std::size_t later = 0; later + 1 < buffers.size(); ++later) {
        const model::StagePolicy* policy = policy_of(policies, buffers[later].stage);
        if (policy == nullptr) {
            continue;
        }
        const std::string& before = buffers[later + 1].stage;
        if (policy->high_water && buffers[later].pending >= *policy->high_water) {
            blocked.push_back(before);
        } else if (policy->low_water && buffers[later].pending < *policy->low_water) {
            const auto lifted = std::ranges::find(order.stages, before);
            const auto starving = std::ranges::find(order.stages, buffers[later].stage);
            std::rotate(starving, lifted, std::next(lifted));
            order.is_lifted = true;
        }
    }
    order.is_blocked = !blocked.empty();
    std::erase_if(order.stages, [&blocked](const std::string& stage) {
        return std::ranges::find(blocked, stage) != blocked.end();
    });
    return order;
}

}  // namespace fleet::contracts
