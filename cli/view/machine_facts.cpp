#include "cli/view/machine_facts.hpp"

#include <algorithm>
#include <ctime>
#include <tuple>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "common/base/portable_json.hpp"
#include "common/contracts/newer_snapshot.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

constexpr std::size_t kSlowest = 3;

std::string text_of(const base::Json& snapshot, const char* name) {
    const auto found = snapshot.find(name);
    return found != snapshot.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Those that run come first, by the time they do; then those that have not begun, by age.
bool is_slower(const model::Execution& one, const model::Execution& other) {
    const auto began = [](const model::Execution& execution) {
        return execution.started_at.value_or(base::StoreTime::max());
    };
    return std::make_pair(began(one), one.created_at) <
           std::make_pair(began(other), other.created_at);
}

void add_from_json(CheckpointFact& fact, const base::Json& json) {
    fact.created_at = text_of(json, "created_at");
    if (const auto context = json.find("context"); context != json.end()) {
        fact.context = base::dump_json(*context);
    }
}

/// Of a resume point: its JSON alone tells about it, and it has no key.
std::optional<CheckpointFact> resume_fact(const model::ExecutionId& id,
                                          const base::JsonText& text) {
    try {
        const base::Json json =
            base::parse_json(base::portable_json(text), "the resume point of " + id.text());
        if (!json.is_object()) {
            return std::nullopt;
        }
        CheckpointFact fact;
        const auto step = json.find("step");
        fact.step = step != json.end() && step->is_number() ? step->get<std::int64_t>() : 0;
        fact.event = text_of(json, "event");
        fact.state = text_of(json, "current_state");
        fact.channel = text_of(json, "waiting_channel");
        fact.bytes = text.size();
        add_from_json(fact, json);
        return fact;
    } catch (const base::ConfigError&) {
        return std::nullopt;  // nothing of it can be shown
    }
}

}  // namespace

CheckpointFact checkpoint_fact(const model::Snapshot& snapshot) {
    CheckpointFact fact;
    fact.key = snapshot.key();
    fact.step = snapshot.step;
    fact.event = snapshot.event;
    fact.state = snapshot.current_state;
    fact.channel = snapshot.waiting_channel;
    fact.bytes = snapshot.json.size();
    try {
        const base::Json json =
            base::parse_json(base::portable_json(snapshot.json), "checkpoint " + fact.key);
        if (json.is_object()) {
            add_from_json(fact, json);
        }
    } catch (const base::ConfigError&) {
        fact.context.clear();  // what is damaged is shown by what its row says
    }
    return fact;
}

std::optional<CheckpointFact> last_checkpoint(contracts::Store& store,
                                              const model::ExecutionId& id) {
    const std::optional<model::Snapshot> latest = store.checkpoints().load_latest(id.text());
    const base::JsonText resume_point = store.work().resume_point(id);
    if (!resume_point.empty() &&
        (!latest || contracts::is_newer_snapshot(base::portable_json(resume_point),
                                                 base::portable_json(latest->json)))) {
        return resume_fact(id, resume_point);
    }
    return latest ? std::optional(checkpoint_fact(*latest)) : std::nullopt;
}

std::vector<CheckpointFact> kept_checkpoints(contracts::Store& store, const model::ExecutionId& id,
                                             std::size_t limit) {
    std::vector<CheckpointFact> facts;
    for (const std::string& key : store.checkpoints().list(id.text() + "/step_", limit)) {
        if (const std::optional<model::Snapshot> snapshot = store.checkpoints().load(key)) {
            facts.push_back(checkpoint_fact(*snapshot));
        }
    }
    // The key sorts the events of one step by name; written times sort them as they came.
    std::stable_sort(
        facts.begin(), facts.end(), [](const CheckpointFact& one, const CheckpointFact& other) {
            return std::tie(one.step, one.created_at) < std::tie(other.step, other.created_at);
        });
    return facts;
}

base::JsonText checkpoint_json(const CheckpointFact& checkpoint) {
    model::JsonObjectWriter json;
    json.text("key", checkpoint.key);
    json.integer("step", checkpoint.step);
    json.text("event", checkpoint.event);
    json.text("state", checkpoint.state);
    json.text("waiting_channel", checkpoint.channel);
    json.integer("bytes", static_cast<std::int64_t>(checkpoint.bytes));
    json.text("created_at", checkpoint.created_at);
    return json.finish();
}

std::string describe_checkpoint(const CheckpointFact& checkpoint, base::StoreTime now) {
    std::string text = "step " + std::to_string(checkpoint.step) + " (" + checkpoint.event;
    text += (checkpoint.state.empty() ? "" : " of state " + checkpoint.state) + ")";
    if (const auto at = parse_utc(checkpoint.created_at)) {
        text += ", " + base::human_duration(std::max(now - *at, base::Millis{0})) + " ago";
    }
    return text;
}

std::optional<base::StoreTime> parse_utc(std::string_view text) {
    const std::string terminated(text);
    std::tm parts{};
    const char* rest = ::strptime(terminated.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr) {
        return std::nullopt;
    }
    std::int64_t milliseconds = 0;
    if (*rest == '.') {
        constexpr std::int64_t kSecond = 1'000;
        std::int64_t place = kSecond;
        for (++rest; *rest >= '0' && *rest <= '9'; ++rest) {
            place /= 10;
            milliseconds += place * (*rest - '0');
        }
    }
    const std::string_view zone(rest);
    if (!zone.empty() && zone != "Z" && zone != "+00:00") {
        return std::nullopt;
    }
    return base::store_time(std::int64_t{::timegm(&parts)} * 1'000 + milliseconds);
}

std::optional<ChildrenWait> children_wait(contracts::Store& store, const model::Execution& parent) {
    if (parent.status != model::Status::waiting || parent.children_open == 0) {
        return std::nullopt;
    }
    ChildrenWait wait;
    wait.open = parent.children_open;
    contracts::ExecutionFilter filter;
    filter.parent = parent.id;
    filter.with_payloads = false;
    filter.limit = 1;
    filter.newest_first = true;
    // Children are created in the order of their ordinals: the newest tells how many there are.
    const contracts::ExecutionPage newest = store.work().find(filter);
    if (!newest.executions.empty()) {
        const model::Tree tree = store.work().tree(newest.executions.front().id, 1);
        wait.step = tree.nodes.empty() ? 0 : tree.nodes.front().step;
        wait.all = tree.nodes.empty() ? 0 : tree.nodes.front().ordinal + 1;
    }
    wait.all = std::max(wait.all, wait.open);
    constexpr std::size_t kLookedAt = 1'000;
    filter.limit = kLookedAt;
    filter.newest_first = false;
    filter.statuses = {model::Status::pending, model::Status::running, model::Status::waiting};
    wait.slowest = store.work().find(filter).executions;
    std::sort(wait.slowest.begin(), wait.slowest.end(), is_slower);
    wait.slowest.resize(std::min(wait.slowest.size(), kSlowest));
    return wait;
}

}  // namespace fleet::cli
