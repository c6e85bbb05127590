#include "cli/core/find_execution.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/errors.hpp"

namespace fleet::cli {
namespace {

constexpr std::size_t kLeastPrefix = 8;
constexpr std::size_t kSearched = 10'000;

constexpr const char* kAdvice =
    "an ID is a full id or its beginning (8 hex digits or more), `last`, or BATCH#N; "
    "`fleet ps` lists them";

[[noreturn]] void refuse(const std::string& typed, const std::string& why) {
    throw base::ConfigError("looking for execution \"" + typed + "\": " + why, kAdvice);
}

bool is_id_text(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char character) {
        return std::isxdigit(character) != 0 || character == '-';
    });
}

contracts::ExecutionFilter newest(std::size_t limit) {
    contracts::ExecutionFilter filter;
    filter.limit = limit;
    filter.newest_first = true;
    filter.with_payloads = false;
    return filter;
}

model::ExecutionId by_prefix(contracts::Store& store, const std::string& typed) {
    std::string prefix = typed;
    std::transform(prefix.begin(), prefix.end(), prefix.begin(),
                   [](unsigned char character) { return std::tolower(character); });
    std::optional<model::ExecutionId> found;
    // Roots are never hidden by more children than are searched.
    std::vector<model::Execution> searched = store.work().find(newest(kSearched)).executions;
    contracts::ExecutionFilter family = newest(kSearched);
    family.roots_only = false;
    for (model::Execution& execution : store.work().find(family).executions) {
        if (!execution.parent.is_nil()) {
            searched.push_back(std::move(execution));
        }
    }
    for (const model::Execution& execution : searched) {
        if (execution.id.text().starts_with(prefix)) {
            if (found) {
                refuse(typed, "it is the beginning of more than one id (" + found->text() +
                                  " and " + execution.id.text() + ")");
            }
            found = execution.id;
        }
    }
    if (!found) {
        refuse(typed, "no id among the newest " + std::to_string(kSearched) + " begins like that");
    }
    return *found;
}

model::ExecutionId by_number(contracts::Store& store, const std::string& typed, std::size_t mark) {
    const std::string batch_name = typed.substr(0, mark);
    std::uint32_t number = 0;
    const char* end = typed.data() + typed.size();
    const auto parsed = std::from_chars(typed.data() + mark + 1, end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || number == 0) {
        refuse(typed, "what follows # is not an item's number (1 is the first)");
    }
    const std::optional<model::Batch> batch = store.work().batch(batch_name);
    if (!batch) {
        refuse(typed, "there is no batch \"" + batch_name + "\" (`fleet batches` lists them)");
    }
    // Whether the first item has index 0 or 1 is the submitter's affair: the number decides.
    for (const std::uint32_t index : {number, number - 1}) {
        const model::ExecutionId id = base::derived_uuid(batch->id_seed, index);
        const std::optional<model::Execution> execution = store.work().get(id);
        if (execution && execution->item_number == static_cast<std::int64_t>(number)) {
            return id;
        }
    }
    refuse(typed, "batch \"" + batch_name + "\" has no item " + std::to_string(number));
}

}  // namespace

model::ExecutionId resolve_id(contracts::Store& store, const std::string& typed) {
    if (typed == "last") {
        const auto page = store.work().find(newest(1));
        if (page.executions.empty()) {
            refuse(typed, "the store holds no executions");
        }
        return page.executions.front().id;
    }
    if (const std::size_t mark = typed.rfind('#'); mark != std::string::npos) {
        return by_number(store, typed, mark);
    }
    if (const std::optional<base::Uuid> id = base::Uuid::parse(typed)) {
        return *id;
    }
    const auto digits = static_cast<std::size_t>(
        std::count_if(typed.begin(), typed.end(), [](char character) { return character != '-'; }));
    if (!is_id_text(typed) || digits < kLeastPrefix || typed.size() > 36) {
        refuse(typed, "that is not an id");
    }
    return by_prefix(store, typed);
}

std::vector<model::ExecutionId> resolve_ids(contracts::Store& store,
                                            const std::vector<std::string>& typed) {
    std::vector<model::ExecutionId> ids;
    ids.reserve(typed.size());
    for (const std::string& text : typed) {
        ids.push_back(resolve_id(store, text));
    }
    return ids;
}

model::Execution find_execution(contracts::Store& store, const std::string& typed) {
    std::optional<model::Execution> execution = store.work().get(resolve_id(store, typed));
    if (!execution) {
        refuse(typed,
               "there is no such execution (it may have been pruned, or it is in another "
               "store than " +
                   store.url().text_without_secrets() + ")");
    }
    return *std::move(execution);
}

}  // namespace fleet::cli
