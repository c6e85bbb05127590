#include "cli/work/batch_options.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>
#include <thread>

#include "cli/core/app.hpp"
#include "common/base/ids.hpp"
#include "common/model/json_reader.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

constexpr int kMostWorkers = 10'000;
constexpr std::size_t kLongestBatchName = 100;
constexpr std::size_t kNameSuffix = 4;
constexpr int kSlots = 4;

int cores() {
    return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

int worker_number(std::string_view text, const std::string& whole) {
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0 ||
        number > kMostWorkers) {
        throw UsageError("--workers \"" + whole + "\" is not a number of workers",
                         "write --workers 4 or --workers 1..8");
    }
    return number;
}

}  // namespace

base::JsonText to_json_text(const BatchOptions& options) {
    model::JsonObjectWriter json;
    json.text("spool", options.spool);
    json.integer("items", options.items);
    json.integer("max_attempts", options.load.max_attempts);
    json.integer("priority", options.load.priority);
    json.integer("delay_ms", options.load.delay.count());
    json.text("unique_key", options.load.unique_key);
    json.text("stage", options.load.stage);
    json.integer("stage_rank", options.load.stage_rank);
    json.integer("workers_min", options.workers.min);
    json.integer("workers_max", options.workers.max);
    json.integer("slots", options.slots);
    json.integer("grace_ms", options.grace.count());
    json.boolean("fail_fast", options.fail_fast);
    json.text("output", options.output);
    return json.finish();
}

BatchOptions batch_options_from_json(const base::JsonText& text) {
    BatchOptions options;
    if (text.empty()) {
        return options;
    }
    const model::JsonObjectReader json(text, "batch options");
    json.read("spool", options.spool);
    json.read("items", options.items);
    json.read("max_attempts", options.load.max_attempts);
    json.read("priority", options.load.priority);
    json.read("delay_ms", options.load.delay);
    json.read("unique_key", options.load.unique_key);
    json.read("stage", options.load.stage);
    json.read("stage_rank", options.load.stage_rank);
    json.read("workers_min", options.workers.min);
    json.read("workers_max", options.workers.max);
    json.read("slots", options.slots);
    json.read("grace_ms", options.grace);
    json.read("fail_fast", options.fail_fast);
    json.read("output", options.output);
    return options;
}

int most_workers(const WorkerRange& range) {
    return range.max > 0 ? range.max : std::max(cores(), range.min);
}

int slots_of_worker(const BatchOptions& options, const model::PoolPolicy& pool,
                    bool runs_commands) {
    if (options.slots > 0 || pool.slots_per_worker > 0) {
        return options.slots > 0 ? options.slots : pool.slots_per_worker;
    }
    return runs_commands ? std::max(1, cores() / most_workers(options.workers)) : kSlots;
}

WorkerRange parse_worker_range(const std::string& text) {
    const std::string_view view = text;
    WorkerRange range;
    if (const std::size_t dots = view.find(".."); dots != std::string_view::npos) {
        range.min = worker_number(view.substr(0, dots), text);
        const std::string_view maximum = view.substr(dots + 2);
        range.max = maximum.empty() ? 0 : worker_number(maximum, text);
        if (!maximum.empty() && range.max < std::max(range.min, 1)) {
            throw UsageError("--workers " + text + " ends below its beginning or at 0");
        }
        return range;
    }
    range.min = range.max = worker_number(view, text);
    if (range.max == 0) {
        throw UsageError("--workers 0 would run nothing",
                         "write --workers 0..4 to begin with none");
    }
    return range;
}

std::string new_batch_name(base::WallTime now) {
    // "2026-11-21T07:50:30.123Z"
    const std::string time = base::iso8601(now);
    return time.substr(0, 4) + time.substr(5, 2) + time.substr(8, 2) + '-' + time.substr(11, 2) +
           time.substr(14, 2) + time.substr(17, 2) + '-' + base::random_word(kNameSuffix);
}

void check_batch_name(const std::string& name) {
    const bool known = std::all_of(name.begin(), name.end(), [](char character) {
        return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '.' ||
               character == '_' || character == '-';
    });
    if (name.empty() || name.size() > kLongestBatchName || !known || name.front() == '-') {
        throw UsageError("\"" + name + "\" is not a batch name",
                         "1 to 100 letters, digits, '.', '_' and '-', not beginning with '-'");
    }
}

}  // namespace fleet::cli
