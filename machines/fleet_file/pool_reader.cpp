// `pools:` and `stages:`.
#include <algorithm>
#include <utility>

#include "machines/config/fields.hpp"
#include "machines/fleet_file/parts.hpp"
#include "machines/fleet_file/values.hpp"

namespace fleet::fleet_file {
namespace {

using config::Fields;
using config::Findings;
using config::Member;
using config::Node;
using config::Place;
using Mentions = std::vector<ProviderMention>;

constexpr double kMostWorkers = 100'000;
constexpr double kMostSlots = 1'000;
constexpr double kMostRank = 1'000;
constexpr const char* kDefaultPool = "default";

void read_marks(Fields& fields, model::StagePolicy& stage) {
    stage.low_water = amount(fields, "low");
    stage.high_water = amount(fields, "high");
    if (stage.low_water && stage.high_water && *stage.low_water >= *stage.high_water) {
        fields.findings().refuse(fields.place_of_key("low"),
                                 "`low` (" + std::to_string(*stage.low_water) +
                                     ") is not below `high` (" + std::to_string(*stage.high_water) +
                                     ")",
                                 "choose a smaller `low`, or a larger `high`");
    }
}

void read_stage_provider(Fields& fields, model::StagePolicy& stage, Mentions& mentions) {
    const auto name = fields.text("provider");
    if (!name) {
        return;
    }
    const Place place = fields.place_of_key("provider");
    const auto slash = name->find('/');
    if (!is_plain_name(*name) || slash == 0 || slash == std::string::npos ||
        slash + 1 == name->size()) {
        fields.findings().refuse(place, "`provider` names no model of a provider",
                                 "write PROVIDER/MODEL, as under `providers:`");
        return;
    }
    stage.provider = *name;
    mentions.push_back({*name, place});
}

/// A stage whose rank is not written comes after the one above it.
void add_stage(const Member& member, Fields& fields, PoolDeclaration& pool, Mentions& mentions) {
    model::StagePolicy stage;
    stage.stage = member.key;
    const int next = pool.stages.empty() ? 0 : pool.stages.back().rank + 1;
    stage.rank = small_integer(fields, "rank", {0, kMostRank}).value_or(next);
    read_marks(fields, stage);
    read_stage_provider(fields, stage, mentions);
    if (!is_plain_name(member.key)) {
        fields.findings().refuse({member.at, fields.place().path},
                                 "`" + member.key + "` is no name of a stage",
                                 "use at most 200 characters without spaces");
    } else if (std::ranges::find(pool.stages, stage.stage, &model::StagePolicy::stage) !=
               pool.stages.end()) {
        fields.findings().refuse(
            {member.at, fields.place().path},
            "the stage `" + member.key + "` of pool `" + pool.pool + "` is described twice",
            "keep it in one place: under `pools: " + pool.pool + ": stages:`, or under `stages:`");
    } else {
        pool.stages.push_back(std::move(stage));
    }
}

void read_pool_stages(const Node& value, const std::string& path, Findings& findings,
                      PoolDeclaration& pool, Mentions& mentions) {
    for (const Member& member : value.members) {
        const std::string stage_path = path + '.' + member.key;
        if (is_mapping(member.value, member.key, "rank: N, low: N, high: N, provider: NAME",
                       findings)) {
            Fields fields(mapping_of(member.value), stage_path, findings);
            add_stage(member, fields, pool, mentions);
            fields.finish();
        }
    }
}

/// The inner one absent: `auto`.
std::optional<std::optional<int>> number_or_auto(Fields& fields, std::string_view key,
                                                 const config::Range& range) {
    const Node* const value = fields.get(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_text()) {
        const auto number = small_integer(fields, key, range);
        return number ? std::optional(number) : std::nullopt;
    }
    if (value->text != "auto") {
        fields.findings().refuse(fields.place_of(*value, key),
                                 "`" + std::string(key) + "` cannot be `" + value->text + "`",
                                 "write a number, or auto");
        return std::nullopt;
    }
    return std::optional<int>();
}

void read_workers(Fields& fields, PoolDeclaration& pool) {
    pool.min_workers = small_integer(fields, "min", {0, kMostWorkers});
    pool.max_workers = number_or_auto(fields, "max", {0, kMostWorkers});
    const auto most = pool.max_workers.value_or(std::nullopt);
    if (pool.min_workers && most && *pool.min_workers > *most) {
        fields.findings().refuse(fields.place_of_key("min"),
                                 "`min` (" + std::to_string(*pool.min_workers) +
                                     ") is above `max` (" + std::to_string(*most) + ")",
                                 "choose a smaller `min`, or a larger `max`");
    }
    if (const auto slots = number_or_auto(fields, "slots", {1, kMostSlots})) {
        pool.slots_per_worker = slots->value_or(0);
    }
}

void read_tempo(Fields& fields, PoolDeclaration& pool) {
    constexpr base::Millis kShortest{1};
    if (is_word(fields, "drain_target", "none")) {
        pool.drain_target.emplace(std::nullopt);
    } else if (const auto target = duration(fields, "drain_target", {.least = kShortest})) {
        pool.drain_target.emplace(*target);
    }
    pool.max_wait = duration(fields, "max_wait", {.least = kShortest});
    pool.stabilization = duration(fields, "stabilization");
    pool.service_prior = duration(fields, "service_prior", {.least = kShortest});
}

PoolDeclaration read_pool(const Member& member, Findings& findings, Mentions& mentions) {
    PoolDeclaration pool{.pool = member.key, .at = member.at};
    const std::string path = "pools." + member.key;
    if (!is_pool_name(member.key)) {
        findings.refuse({member.at, path}, "`" + member.key + "` is no name of a pool",
                        "use 1 to 60 letters, digits, '.', '_' or '-'");
    }
    if (!is_mapping(member.value, member.key, "min: N, max: N, slots: N", findings)) {
        return pool;
    }
    Fields fields(mapping_of(member.value), path, findings);
    read_pool_settings(fields, pool);
    if (const Node* const stages = fields.get("stages", Node::Kind::map)) {
        read_pool_stages(*stages, path + ".stages", findings, pool, mentions);
    }
    fields.finish();
    return pool;
}

/// The pool of a stage of the whole file; nullptr when the file has no such pool.
PoolDeclaration* pool_of(Fields& fields, FleetFile& file) {
    const std::string name = fields.text("pool").value_or(kDefaultPool);
    auto found = std::ranges::find(file.pools, name, &PoolDeclaration::pool);
    if (found != file.pools.end()) {
        return &*found;
    }
    if (name == kDefaultPool) {
        return &file.pools.emplace_back(PoolDeclaration{.pool = name, .at = fields.place().at});
    }
    std::vector<std::string> known{kDefaultPool};
    for (const PoolDeclaration& pool : file.pools) {
        known.push_back(pool.pool);
    }
    fields.findings().refuse(fields.place_of_key("pool"),
                             "`pool` is `" + name + "`, which `pools:` does not declare",
                             config::suggestion(name, known));
    return nullptr;
}

void read_file_stages(const Node& value, Findings& findings, FleetFile& file, Mentions& mentions) {
    for (const Member& member : value.members) {
        const std::string path = "stages." + member.key;
        if (!is_mapping(member.value, member.key, "rank: N, low: N, high: N, provider: NAME",
                        findings)) {
            continue;
        }
        Fields fields(mapping_of(member.value), path, findings);
        PoolDeclaration unknown;
        PoolDeclaration* const pool = pool_of(fields, file);
        add_stage(member, fields, pool == nullptr ? unknown : *pool, mentions);
        fields.finish();
    }
}

}  // namespace

void read_pool_settings(Fields& fields, PoolDeclaration& pool) {
    read_workers(fields, pool);
    read_tempo(fields, pool);
}

Mentions read_pools(const Node* pools, const Node* stages, Findings& findings, FleetFile& file) {
    Mentions mentions;
    if (pools != nullptr && is_mapping(*pools, "pools", "NAME: {min: N, max: N}", findings)) {
        for (const Member& member : pools->members) {
            file.pools.push_back(read_pool(member, findings, mentions));
        }
    }
    if (stages != nullptr && is_mapping(*stages, "stages", "NAME: {rank: N, low: N}", findings)) {
        read_file_stages(*stages, findings, file, mentions);
    }
    for (PoolDeclaration& pool : file.pools) {
        std::ranges::stable_sort(pool.stages, {}, &model::StagePolicy::rank);
    }
    return mentions;
}

}  // namespace fleet::fleet_file
