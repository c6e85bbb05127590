// `items:`, `hosts:` and `stages:`.
#include <algorithm>
#include <array>
#include <cmath>

#include "cli/simulate/scenario_parts.hpp"
#include "machines/fleet_file/parts.hpp"
#include "machines/fleet_file/values.hpp"

namespace fleet::cli {
namespace {

using config::Fields;
using config::Findings;
using config::Node;
using fleet_file::amount;
using fleet_file::duration;
using fleet_file::small_integer;
using simulate::Distribution;

constexpr base::Millis kShortest{1};

std::optional<std::int64_t> count_of(Fields& fields, std::string_view key) {
    const auto count = amount(fields, key);
    if (count && static_cast<double>(*count) > kMostItems) {
        fields.findings().refuse(fields.place_of_key(key),
                                 "`" + std::string(key) + "` cannot be " + std::to_string(*count),
                                 "write at most 100M");
        return std::nullopt;
    }
    return count;
}

simulate::ArrivalStep read_step(const Node& value, const std::string& path, Findings& findings) {
    Fields fields(value, path, findings);
    simulate::ArrivalStep step;
    step.at = duration(fields, "at").value_or(step.at);
    const auto over = duration(fields, "over", {.least = kShortest});
    const auto rate = fields.number("rate", {1e-6, kMostCalls});
    const auto count = count_of(fields, "count");
    fields.finish();
    if (fields.has("count") && fields.has("over") && fields.has("rate")) {
        findings.refuse(fields.place_of_key("rate"), "`count`, `over` and `rate` say too much",
                        "leave one of them out: each follows from the two others");
    } else if (!fields.has("count") && !(fields.has("over") && fields.has("rate"))) {
        findings.refuse(fields.place(), "it does not say how many items come",
                        "write `count: N`, or `rate: N` (a second) with `over: 1h`");
    } else if (rate && over) {
        step.over = *over;
        const double items = *rate * std::chrono::duration<double>(*over).count();
        step.count = std::llround(std::min(items, kMostItems));
    } else if (count) {
        step.count = *count;
        const double seconds = rate ? static_cast<double>(*count) / *rate : 0;
        step.over = over.value_or(base::Millis{std::llround(seconds * 1000)});
    }
    return step;
}

/// A host, or several that are alike.
void read_host(const Node& value, const std::string& path, Findings& findings,
               std::vector<simulate::HostScenario>& hosts) {
    constexpr double kMostCores = 10'000;
    Fields fields(value, path, findings);
    simulate::HostScenario host;
    const int count = small_integer(fields, "count", {1, kMostHosts}).value_or(1);
    host.cores = small_integer(fields, "cores", {1, kMostCores}).value_or(host.cores);
    host.joins = duration(fields, "join").value_or(host.joins);
    host.leaves = duration(fields, "leave");
    host.dies = duration(fields, "die");
    fields.finish();
    for (const auto& [key, time] : {std::pair{"leave", host.leaves}, std::pair{"die", host.dies}}) {
        if (time && *time <= host.joins) {
            findings.refuse(fields.place_of_key(key),
                            "`" + std::string(key) + "` is not behind `join`",
                            "choose a later time, or an earlier `join`");
        }
    }
    if (host.leaves && host.dies) {
        findings.refuse(fields.place_of_key("die"), "a host cannot both `leave` and `die`",
                        "leave one of them out");
    }
    for (int next = 0; next < count; ++next) {
        host.id = "host" + std::to_string(hosts.size() + 1);
        hosts.push_back(host);
    }
}

const std::vector<std::string>& distribution_names() {
    static const std::vector<std::string> names{"fixed", "exponential", "lognormal", "pareto"};
    return names;
}

void refuse_parameter(Fields& fields, std::string_view key, const std::string& of) {
    if (fields.has(key)) {
        fields.findings().refuse(fields.place_of_key(key),
                                 "`" + std::string(key) + "` is only for a distribution of " + of,
                                 "leave it out, or choose another `distribution`");
    }
}

simulate::ServiceTime read_distribution(const Node& value, const std::string& path,
                                        Findings& findings) {
    constexpr double kMostSigma = 5;
    constexpr double kLeastShape = 1.01;
    constexpr double kMostShape = 100;
    Fields fields(value, path, findings);
    simulate::ServiceTime time;
    const auto mean = duration(fields, "mean", {.least = kShortest});
    if (!fields.has("mean")) {
        findings.refuse(fields.place(), "`mean` is missing", "write `mean: 3s`");
    }
    time.mean = mean.value_or(time.mean);
    if (const auto chosen = fields.choice("distribution", distribution_names())) {
        time.distribution = static_cast<Distribution>(*chosen);
    }
    time.least = duration(fields, "least").value_or(time.least);
    time.most = duration(fields, "most", {.least = kShortest});
    time.sigma = fields.number("sigma", {0, kMostSigma}).value_or(time.sigma);
    time.shape = fields.number("shape", {kLeastShape, kMostShape}).value_or(time.shape);
    fields.finish();
    if (time.distribution != Distribution::lognormal) {
        refuse_parameter(fields, "sigma", "`lognormal`");
    }
    if (time.distribution != Distribution::pareto) {
        refuse_parameter(fields, "shape", "`pareto`");
    }
    if (time.distribution == Distribution::fixed) {
        refuse_parameter(fields, "least", "another kind");
        refuse_parameter(fields, "most", "another kind");
    }
    if (mean && time.least >= *mean) {
        findings.refuse(fields.place_of_key("least"), "`least` is not below `mean`",
                        "choose a shorter one");
    }
    if (mean && time.most && *time.most <= *mean) {
        findings.refuse(fields.place_of_key("most"), "`most` is not above `mean`",
                        "choose a longer one");
    }
    return time;
}

void read_provider_of(Fields& fields, const std::vector<simulate::ProviderScenario>& providers,
                      simulate::StageScenario& stage) {
    const auto name = fields.text("provider");
    if (!name) {
        return;
    }
    std::vector<std::string> known;
    for (const simulate::ProviderScenario& provider : providers) {
        known.push_back(provider.rules.name);
    }
    const auto found = std::ranges::find(known, *name);
    if (found != known.end()) {
        stage.provider = static_cast<std::size_t>(found - known.begin());
    } else {
        const std::string nearest = config::suggestion(*name, known);
        fields.findings().refuse(fields.place_of_key("provider"),
                                 "`" + *name + "` is not described under `providers:`",
                                 nearest.empty() ? "describe it there" : nearest);
    }
}

simulate::StageScenario read_stage(const config::Member& member,
                                   const std::vector<simulate::ProviderScenario>& providers,
                                   Findings& findings) {
    const std::string path = "stages." + member.key;
    simulate::StageScenario stage;
    stage.name = member.key;
    Fields fields(fleet_file::mapping_of(member.value), path, findings);
    const Node* const time = fields.get("time");
    if (time != nullptr && time->is_map()) {
        stage.time = read_distribution(*time, path + ".time", findings);
    } else if (const auto mean = duration(fields, "time", {.least = kShortest})) {
        stage.time.mean = *mean;
    }
    read_provider_of(fields, providers, stage);
    stage.low_water = amount(fields, "low");
    stage.high_water = amount(fields, "high", 1);
    if (stage.low_water && stage.high_water && *stage.low_water >= *stage.high_water) {
        findings.refuse(fields.place_of_key("low"), "`low` is not below `high`",
                        "choose a smaller `low`, or a larger `high`");
    }
    fields.finish();
    return stage;
}

}  // namespace

std::vector<simulate::ArrivalStep> read_items(const Node& value, Findings& findings) {
    std::vector<simulate::ArrivalStep> steps;
    double count = 0;
    for (const auto& [part, path] : parts_of(value, "items")) {
        if (part.is_map()) {
            steps.push_back(read_step(part, path, findings));
        } else {
            // A count alone, which is read as the member of a mapping would be.
            Node map;
            map.kind = Node::Kind::map;
            map.at = part.at;
            map.members.push_back({"items", part.at, part});
            Fields fields(map, "", findings);
            steps.push_back({.count = count_of(fields, "items").value_or(0)});
        }
        count += static_cast<double>(steps.back().count);
    }
    if (count > kMostItems) {
        findings.refuse({value.at, "items"}, "these are more than 100M items", "write fewer");
        steps.clear();
    }
    return steps;
}

std::vector<simulate::HostScenario> read_hosts(const Node& value, Findings& findings) {
    std::vector<simulate::HostScenario> hosts;
    for (const auto& [part, path] : parts_of(value, "hosts")) {
        if (part.is_map()) {
            read_host(part, path, findings, hosts);
            continue;
        }
        const auto count = part.as_integer();
        if (!count || *count < 1 || static_cast<double>(*count) > kMostHosts) {
            findings.refuse({part.at, path}, "`hosts` is no number of hosts",
                            "write 1 to 5000, or `{count: N, cores: N, join: 5m, die: 10m}`");
            continue;
        }
        for (std::int64_t next = 0; next < *count; ++next) {
            hosts.push_back({.id = "host" + std::to_string(hosts.size() + 1)});
        }
    }
    if (static_cast<double>(hosts.size()) > kMostHosts) {
        findings.refuse({value.at, "hosts"}, "these are more than 5000 hosts", "write fewer");
        hosts.clear();
    }
    return hosts;
}

std::vector<simulate::StageScenario> read_stages(
    const Node& value, const std::vector<simulate::ProviderScenario>& providers,
    Findings& findings) {
    constexpr std::size_t kMostStages = 100;
    std::vector<simulate::StageScenario> stages;
    if (!fleet_file::is_mapping(value, "stages", "NAME: {time: 3s, provider: NAME}", findings)) {
        return stages;
    }
    for (const config::Member& member : value.members) {
        if (fleet_file::is_mapping(member.value, member.key, "time: 3s, provider: NAME",
                                   findings)) {
            stages.push_back(read_stage(member, providers, findings));
        }
    }
    if (stages.empty() || stages.size() > kMostStages) {
        findings.refuse({value.at, "stages"}, "`stages` names no stage, or more than 100",
                        "write `NAME: {time: 3s}` lines below it, or leave it out");
    }
    return stages;
}

}  // namespace fleet::cli
