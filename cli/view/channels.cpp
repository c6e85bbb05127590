#include "cli/view/channels.hpp"

namespace fleet::cli {

std::map<std::string, std::size_t> waiters_by_channel(contracts::Store& store) {
    constexpr std::size_t kPage = 5'000;
    std::map<std::string, std::size_t> waiters;
    contracts::ExecutionFilter filter;
    filter.statuses = {model::Status::waiting};
    filter.roots_only = false;
    filter.with_payloads = false;
    filter.limit = kPage;
    do {
        const contracts::ExecutionPage page = store.work().find(filter);
        for (const model::Execution& execution : page.executions) {
            if (!execution.channel.empty()) {
                ++waiters[execution.channel];
            }
        }
        filter.after = page.next;
    } while (filter.after != 0);
    return waiters;
}

std::size_t count_waiters(contracts::Store& store, const std::string& channel) {
    const auto waiters = waiters_by_channel(store);
    const auto found = waiters.find(channel);
    return found == waiters.end() ? 0 : found->second;
}

}  // namespace fleet::cli
