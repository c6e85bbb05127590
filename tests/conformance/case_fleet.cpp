#include "tests/conformance/case_fleet.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "common/base/hash.hpp"
#include "common/store/open.hpp"
#include "machines/expression/print.hpp"
#include "tests/conformance/json_of.hpp"
#include "tests/conformance/placeholders.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::conformance {
namespace {

using base::Json;
using model::Status;

constexpr std::size_t kMostNodes = 10'000;
constexpr std::chrono::seconds kPatience{60};

Json json_of_text(const base::JsonText& text) {
    return text.empty() ? Json() : json_of(expression::from_json(text));
}

Json outcome_of(const model::Execution& execution) {
    if (execution.status == Status::done) {
        return {{"output", json_of_text(execution.output)}};
    }
    if (execution.status == Status::waiting && !execution.channel.empty()) {
        return {{"output", {{"_waiting", true}, {"_channel", execution.channel}}}};
    }
    if (execution.status == Status::waiting) {
        return {{"output", {{"_parked", true}}}};
    }
    const model::ExecutionError error = execution.error.value_or(model::ExecutionError{
        model::ErrorKind::internal, std::string(model::to_text(execution.status)), {}, {}});
    return {{"error",
             {{"type", error.type},
              {"class", "stored:" + std::string(model::to_text(error.kind))},
              {"message", error.message}}}};
}

}  // namespace

CaseFleet::CaseFleet(CrowdOptions options)
    : store_(store::open_store(
          base::StoreUrl::parse("sqlite:" + (folder_ / "fleet.db").string(), folder_.path()),
          clock_)),
      workers_(*store_, folder_.path(), options) {}

void CaseFleet::push(const std::string& name, const config::MachineBundle& bundle,
                     const Json& input) {
    model::StoredConfig config;
    config.raw = config::canonical_text(bundle);
    config.hash = base::content_hash(config.raw);
    config.machine_name = bundle.machines.front().name;
    config.spec_version = bundle.machines.front().spec_version;
    store_->checkpoints().put_config(config);
    auto& names = machines_[config.hash];
    names.clear();
    for (const config::MachineDefinition& machine : bundle.machines) {
        names.push_back(machine.name);
    }
    model::WorkSpec spec;
    spec.machine = model::kStoredMachine;
    spec.config = config.hash;
    spec.max_attempts = 1;
    contracts::PushRequest request;
    request.pool = "default";
    request.stage = bundle.machines.front().stage;
    request.spec = store_->work().put_spec(spec);
    contracts::NewExecution execution;
    execution.id = new_ids_.next(clock_.wall_now());
    execution.input = expression::to_json(value_of(input));
    ids_[name] = execution.id;
    request.executions.push_back(std::move(execution));
    if (store_->work().push(request).outcome != contracts::PushResult::Outcome::pushed) {
        throw std::runtime_error("the machine of " + name + " could not be pushed");
    }
    workers_.let_go();
}

void CaseFleet::requeue_failed(const std::string& name) {
    const model::ExecutionId id = ids_.at(name);
    const auto execution = store_->work().get(id);
    if (!execution || execution->status != Status::failed) {
        return;
    }
    contracts::BulkSelection selection;
    selection.ids.push_back(id);
    (void)store_->work().requeue(selection);
}

void CaseFleet::signal(const std::string& channel, const Json& data) {
    (void)store_->signals().send(channel, expression::to_json(value_of(data)));
}

model::Tree CaseFleet::settled(const model::ExecutionId& top) {
    model::Tree tree;
    const auto is_settled = [&] {
        workers_.require_alive();
        tree = store_->work().tree(top, kMostNodes);
        return std::ranges::none_of(tree.nodes, [](const model::TreeNode& node) {
            return node.status == Status::pending || node.status == Status::running;
        });
    };
    if (!test_support::wait_until(is_settled, kPatience)) {
        throw std::runtime_error(why_not_settled(tree));
    }
    return tree;
}

std::string CaseFleet::why_not_settled(const model::Tree& tree) const {
    std::string text = "it does not come to an end:";
    for (const model::TreeNode& node : tree.nodes) {
        text += " [" + node.label + " " + node.id.text() + " " +
                std::string(model::to_text(node.status)) + "]";
    }
    return text + " " + workers_.errors();
}

std::string CaseFleet::machine_of(const model::Execution& execution) {
    const auto spec = store_->work().spec(execution.spec);
    return machines_.at(spec.value().config).at(static_cast<std::size_t>(spec->entry));
}

Json CaseFleet::ends_of(const std::string& name) {
    const model::ExecutionId top = ids_.at(name);
    const model::Tree tree = settled(top);
    std::map<std::string, model::Execution> executions;
    for (const model::TreeNode& node : tree.nodes) {
        executions[node.id.text()] = store_->work().get(node.id).value();
    }
    for (const auto& [id, execution] : executions) {
        lost_[id] = execution.counters.lost_worker;
    }
    const model::Execution& main = executions.at(top.text());
    Json ends = outcome_of(main);
    Json children = Json::array();
    std::set<std::string> ids;
    for (const model::TreeNode& node : tree.nodes) {
        if (node.id == top) {
            continue;
        }
        const std::string id = node.id.text();
        ids.insert(id);
        if (!told_.insert(id).second) {
            continue;
        }
        const model::Execution& child = executions.at(id);
        ++spread_.children;
        spread_.elsewhere += workers_.ran_elsewhere(id, child.parent.text()) ? 1 : 0;
        children.push_back({{"machine", machine_of(child)},
                            {"input", json_of_text(child.input)},
                            {"outcome", outcome_of(child)}});
    }
    ends["children"] = std::move(children);
    put_placeholders(ends, ids, folder_.path().string());
    std::string text = base::dump_json(ends);
    for (auto at = text.find(top.text()); at != std::string::npos; at = text.find(top.text())) {
        text.replace(at, top.text().size(), name);
    }
    return base::parse_json(text, "the ends of " + name);
}

Spread CaseFleet::spread() const {
    Spread spread = spread_;
    spread.kills = workers_.kills();
    for (const auto& [id, lost] : lost_) {
        spread.lost += lost;
    }
    return spread;
}

}  // namespace fleet::conformance
