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

}  // namespace fleet::cli
