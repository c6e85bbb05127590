#include "common/store/sqlite/provider_waits.hpp"

#include <limits>
#include <vector>

#include "common/model/execution.hpp"
#include "common/model/provider_wait.hpp"
#include "common/store/sqlite/execution_row.hpp"

namespace fleet::store::sqlite {
namespace {

/// About five milliseconds when all of them are woken.
constexpr std::size_t kLookedAtOnce = 500;

}  // namespace

std::optional<DuePlace> end_provider_waits(WriteTransaction& transaction,
                                           const std::string& provider,
                                           const std::optional<DuePlace>& after) {
    const DuePlace begin =
        after.value_or(DuePlace{transaction.now_ms(), std::numeric_limits<std::int64_t>::max()});
    // Bound without a copy: it must outlive the statement.
    const std::string beginning = model::provider_wait_beginning(provider);
    DuePlace last = begin;
    std::size_t looked_at = 0;
    std::vector<std::int64_t> waiting;
    {
        auto rows = transaction.prepare(
            "SELECT due_at_ms, seq, status = 0 AND error_kind = ?3 "
            "AND substr(error, 1, length(?4)) = ?4 "
            "FROM executions INDEXED BY executions_due WHERE due_at_ms >= ?1 "
            "AND (due_at_ms > ?1 OR seq > ?2) "
            "ORDER BY due_at_ms, seq LIMIT ?5");
        rows.bind(1, begin.due_at_ms).bind(2, begin.seq);
        rows.bind(3, static_cast<int>(model::ErrorKind::rate_limit));
        rows.bind(4, beginning).bind(5, kLookedAtOnce);
        for (; rows.step(); ++looked_at) {
            last = {rows.integer(0), rows.integer(1)};
            if (!rows.is_null(2) && rows.integer(2) != 0) {
                waiting.push_back(last.seq);
            }
        }
    }
    for (const std::int64_t seq : waiting) {
        if (const auto row = find_row(transaction.connection(), seq)) {
            to_pending(transaction, *row, {.lane = row->lane, .rank = row->rank, .delay = {}});
        }
    }
    return looked_at == kLookedAtOnce ? std::optional(last) : std::nullopt;
}

}  // namespace fleet::store::sqlite
