#include "common/store/sqlite/pool_policy.hpp"

#include "common/base/json.hpp"
#include "common/base/nearest.hpp"
#include "common/model/json_reader.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::store::sqlite {

namespace {

std::vector<model::StagePolicy> read_stages(const model::JsonObjectReader& json,
                                            const std::string& what) {
    std::vector<model::StagePolicy> stages;
    const base::Json* array = json.find_array("stages");
    if (array == nullptr) {
        return stages;
    }
    for (const base::Json& one : *array) {
        const model::JsonObjectReader member{one, what};
        model::StagePolicy& stage = stages.emplace_back();
        member.read("stage", stage.stage);
        member.read("rank", stage.rank);
        member.read("low_water", stage.low_water);
        member.read("high_water", stage.high_water);
        member.read("provider", stage.provider);
    }
    return stages;
}

base::JsonText stages_text(const std::vector<model::StagePolicy>& stages) {
    base::JsonText text = "[";
    for (const model::StagePolicy& stage : stages) {
        model::JsonObjectWriter json;
        json.text("stage", stage.stage);
        json.integer("rank", stage.rank);
        if (stage.low_water) {
            json.integer("low_water", *stage.low_water);
        }
        if (stage.high_water) {
            json.integer("high_water", *stage.high_water);
        }
        if (!stage.provider.empty()) {
            json.text("provider", stage.provider);
        }
        text += (text.size() > 1 ? "," : "") + json.finish();
    }
    return text + "]";
}

/// Expects name, policy, paused, version.
model::PoolPolicy read_policy(const Statement& row) {
    model::PoolPolicy policy;
    policy.pool = row.text(0);
    const model::JsonObjectReader json{row.text(1), "the policy of pool " + policy.pool};
    json.read("min_workers", policy.min_workers);
    json.read("max_workers", policy.max_workers);
    json.read("slots_per_worker", policy.slots_per_worker);
    json.read("drain_target_ms", policy.drain_target);
    json.read("max_wait_ms", policy.max_wait);
    json.read("stabilization_ms", policy.stabilization);
    json.read("service_prior_ms", policy.service_prior);
    policy.stages = read_stages(json, "a stage of pool " + policy.pool);
    policy.paused = row.integer(2) != 0;
    policy.version = row.integer(3);
    return policy;
}

}  // namespace

base::JsonText policy_text(const model::PoolPolicy& policy) {
    model::JsonObjectWriter json;
    json.integer("min_workers", policy.min_workers);
    if (policy.max_workers) {
        json.integer("max_workers", *policy.max_workers);
    }
    json.integer("slots_per_worker", policy.slots_per_worker);
    if (policy.drain_target) {
        json.integer("drain_target_ms", policy.drain_target->count());
    }
    json.integer("max_wait_ms", policy.max_wait.count());
    json.integer("stabilization_ms", policy.stabilization.count());
    json.integer("service_prior_ms", policy.service_prior.count());
    if (!policy.stages.empty()) {
        json.embed("stages", stages_text(policy.stages));
    }
    return json.finish();
}

std::optional<model::PoolPolicy> find_policy(Connection& connection, const std::string& pool) {
    auto row =
        connection.prepare("SELECT name, policy, paused, version FROM pools WHERE name = ?1");
    if (!row.bind(1, pool).step()) {
        return std::nullopt;
    }
    return read_policy(row);
}

std::vector<model::StagePolicy> stage_policies(Connection& connection, std::int64_t pool) {
    auto row = connection.prepare(
        "SELECT policy FROM pools WHERE pool = ?1 AND instr(policy, '\"stages\"') > 0");
    if (!row.bind(1, pool).step()) {
        return {};
    }
    return read_stages(model::JsonObjectReader{row.text(0), "the policy of a pool"},
                       "a stage of a pool");
}

std::vector<model::PoolPolicy> all_policies(Connection& connection) {
    std::vector<model::PoolPolicy> policies;
    auto row = connection.prepare("SELECT name, policy, paused, version FROM pools ORDER BY name");
    while (row.step()) {
        policies.push_back(read_policy(row));
    }
    return policies;
}

std::string unknown_pool_text(Connection& connection, const std::string& pool) {
    std::vector<std::string> names;
    auto row = connection.prepare("SELECT name FROM pools ORDER BY name");
    while (row.step()) {
        names.push_back(row.text(0));
    }
    const auto nearest = base::nearest_name(pool, names);
    return "there is no pool \"" + pool + "\"" +
           (nearest ? "; did you mean \"" + *nearest + "\"?" : "");
}

}  // namespace fleet::store::sqlite
