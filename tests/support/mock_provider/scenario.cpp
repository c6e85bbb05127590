#include "tests/support/mock_provider/scenario.hpp"

#include <algorithm>
#include <array>

#include "common/base/errors.hpp"
#include "tests/support/mock_provider/fields.hpp"
#include "tests/support/mock_provider/scenario_parts.hpp"

namespace fleet::mock_provider {
namespace {

using base::Json;

constexpr std::array<Choice<Family>, 4> kFamilies{{{"openai", Family::openai},
                                                   {"anthropic", Family::anthropic},
                                                   {"openrouter", Family::openrouter},
                                                   {"cerebras", Family::cerebras}}};
constexpr std::array<Choice<HeaderFamily>, 6> kHeaderFamilies{
    {{"openai", HeaderFamily::openai},
     {"anthropic", HeaderFamily::anthropic},
     {"openrouter", HeaderFamily::openrouter},
     {"cerebras", HeaderFamily::cerebras},
     {"ietf", HeaderFamily::ietf},
     {"none", HeaderFamily::none}}};
constexpr std::array<Choice<std::optional<RetryAfter>>, 4> kRetryAfters{
    {{"seconds", RetryAfter::seconds},
     {"http_date", RetryAfter::http_date},
     {"milliseconds", RetryAfter::milliseconds},
     {"none", std::nullopt}}};
constexpr std::array<Choice<LatencyKind>, 4> kLatencyKinds{
    {{"constant", LatencyKind::constant},
     {"uniform", LatencyKind::uniform},
     {"exponential", LatencyKind::exponential},
     {"lognormal", LatencyKind::lognormal}}};

/// A day; nobody waits longer for a mock.
constexpr double kLongestMs = 86'400'000;
constexpr double kMaximumFactor = 1e6;

std::vector<RetryAfter> read_retry_after(Fields& fields) {
    const Json* value = fields.value("retry_after");
    if (value == nullptr) {
        return {RetryAfter::seconds};
    }
    std::vector<std::string> words;
    if (value->is_string()) {
        words.push_back(value->get<std::string>());
    } else {
        words = fields.texts("retry_after").value_or(std::vector<std::string>{});
    }
    std::vector<RetryAfter> forms;
    for (const std::string& word : words) {
        const auto form = fields.choose(
            "retry_after", word, std::span<const Choice<std::optional<RetryAfter>>>(kRetryAfters));
        if (form) {
            forms.push_back(*form);
        } else if (words.size() > 1) {
            fields.fail("retry_after", "\"none\" stands alone");
        }
    }
    return forms;
}

std::optional<std::set<std::string>> read_set(Fields& fields, const std::string& key) {
    const auto texts = fields.texts(key);
    if (!texts) {
        return std::nullopt;
    }
    return std::set<std::string>(texts->begin(), texts->end());
}

LatencyRule read_latency(const Json& json, const std::string& where) {
    Fields fields(json, where);
    LatencyRule rule;
    rule.kind = fields.choice("kind", std::span<const Choice<LatencyKind>>(kLatencyKinds))
                    .value_or(rule.kind);
    static constexpr std::array<const char*, 4> kKeys{"ms", "min_ms", "mean_ms", "median_ms"};
    const std::string needed = kKeys.at(static_cast<std::size_t>(rule.kind));
    std::optional<double> milliseconds;
    for (const std::string key : kKeys) {
        const std::optional<double> value = fields.number(key, 0, kLongestMs);
        if (key == needed) {
            milliseconds = value;
        } else if (value) {
            fields.fail(key, "is not of this kind of latency, which takes " + needed);
        }
    }
    if (!milliseconds && rule.kind != LatencyKind::constant) {
        fields.fail(needed, "is missing");
    }
    rule.milliseconds = milliseconds.value_or(0);
    const std::optional<double> sigma = fields.number("sigma", 0, 10);
    if (sigma.has_value() != (rule.kind == LatencyKind::lognormal)) {
        fields.fail("sigma", sigma ? "is only for lognormal latency" : "is missing");
    }
    rule.sigma = sigma.value_or(0);
    rule.maximum_ms = fields.number("max_ms", 0, kLongestMs);
    if (rule.kind == LatencyKind::uniform &&
        (!rule.maximum_ms || *rule.maximum_ms < rule.milliseconds)) {
        fields.fail("max_ms", "has to be there and at least min_ms");
    }
    rule.per_output_token =
        std::chrono::microseconds(fields.integer("per_output_token_us", 0, 60'000'000).value_or(0));
    fields.done();
    return rule;
}

std::chrono::milliseconds read_ms(Fields& fields, const std::string& key,
                                  std::chrono::milliseconds otherwise = {}) {
    return std::chrono::milliseconds(
        fields.integer(key, 0, static_cast<std::int64_t>(kLongestMs)).value_or(otherwise.count()));
}

StreamRule read_stream(const Json& json, const std::string& where) {
    Fields fields(json, where);
    StreamRule rule;
    rule.chunk_tokens = fields.integer("chunk_tokens", 1).value_or(rule.chunk_tokens);
    rule.interval = read_ms(fields, "interval_ms");
    fields.done();
    return rule;
}

InFlightRule read_in_flight(const Json& json, const std::string& where) {
    Fields fields(json, where);
    InFlightRule rule;
    const auto maximum = fields.integer("maximum", 0);
    if (!maximum) {
        fields.fail("maximum", "is missing");
    }
    rule.maximum = *maximum;
    rule.status = static_cast<int>(fields.integer("status", 503, 529).value_or(503));
    if (rule.status != 503 && rule.status != 529) {
        fields.fail("status", "has to be 503 or 529");
    }
    fields.done();
    return rule;
}

BackgroundRule read_background(const Json& json, const std::string& where) {
    Fields fields(json, where);
    BackgroundRule rule;
    const auto rate = fields.number("requests_per_s", 0, 1e6);
    if (!rate) {
        fields.fail("requests_per_s", "is missing");
    }
    rule.requests_per_s = *rate;
    rule.model = fields.text("model").value_or("");
    rule.key = fields.text("key").value_or("");
    rule.input_tokens = fields.integer("input_tokens", 0, kMaximumTokens).value_or(0);
    rule.output_tokens = fields.integer("output_tokens", 0, kMaximumTokens).value_or(0);
    fields.done();
    return rule;
}

std::vector<TimelineStep> read_timeline(const Json& json, const std::string& where) {
    if (!json.is_array()) {
        throw base::ConfigError(where + ": has to be a list, is " + json.type_name());
    }
    std::vector<TimelineStep> steps;
    for (const Json& each : json) {
        Fields fields(each, where + "[" + std::to_string(steps.size()) + "]");
        TimelineStep step;
        const Json* set = fields.value("set");
        if (!fields.integer("at_ms", 0) || set == nullptr || !set->is_object()) {
            fields.fail("set", "a step needs at_ms and an object `set`");
        }
        step.at = read_ms(fields, "at_ms");
        if (set->contains("timeline")) {
            fields.fail("set", "a step cannot change the timeline");
        }
        step.set = *set;
        fields.done();
        steps.push_back(std::move(step));
    }
    std::ranges::stable_sort(steps, {}, &TimelineStep::at);
    return steps;
}

/// The value as it will be: nothing for an absent key.
template <typename Part>
auto part_of(Fields& fields, const std::string& key, Part read)
    -> std::optional<decltype(read(Json(), std::string()))> {
    const Json* json = fields.value(key);
    if (json == nullptr) {
        return std::nullopt;
    }
    return read(*json, fields.path(key));
}

/// Later steps have to be as right as the scenario itself: they are tried when it is read.
void check_timeline(const Json& json, const Scenario& scenario, const std::string& where) {
    Json changed = json;
    changed.erase("timeline");
    for (const TimelineStep& step : scenario.timeline) {
        changed.merge_patch(step.set);
        static_cast<void>(read_scenario(
            changed, where + "timeline at " + std::to_string(step.at.count()) + " ms"));
    }
}

}  // namespace

bool Fault::spoils_an_answer() const {
    switch (kind) {
        case FaultKind::closed_in_body:
        case FaultKind::truncated_json:
        case FaultKind::wrong_content_type:
        case FaultKind::large_answer:
        case FaultKind::slow_drip:
        case FaultKind::headers:
            return true;
        default:
            return false;
    }
}

Scenario read_scenario(const Json& json, const std::string& where) {
    Fields fields(json, where + ": ");
    Scenario scenario;
    scenario.seed = static_cast<std::uint64_t>(fields.integer("seed", 0).value_or(1));
    scenario.family = fields.choice("family", std::span<const Choice<Family>>(kFamilies));
    scenario.headers =
        fields.choice("headers", std::span<const Choice<HeaderFamily>>(kHeaderFamilies));
    scenario.retry_after = read_retry_after(fields);
    scenario.accepted_keys = read_set(fields, "accepted_keys");
    scenario.models = read_set(fields, "models");
    const double factor = fields.number("limit_factor", 0, kMaximumFactor).value_or(1);
    scenario.limits = part_of(fields, "limits", [&](const Json& part, const std::string& path) {
                          return read_limits(part, path, factor);
                      }).value_or(std::vector<LimitRule>{});
    scenario.answers = part_of(fields, "answers", read_answers).value_or(std::vector<AnswerRule>{});
    scenario.latency = part_of(fields, "latency", read_latency).value_or(LatencyRule{});
    scenario.refusal_latency = read_ms(fields, "refusal_latency_ms");
    scenario.stream = part_of(fields, "stream", read_stream).value_or(StreamRule{});
    scenario.in_flight = part_of(fields, "in_flight", read_in_flight);
    scenario.clock_skew = std::chrono::milliseconds(
        fields.integer("clock_skew_ms", -4'000'000'000'000, 4'000'000'000'000).value_or(0));
    scenario.background = part_of(fields, "background", read_background);
    scenario.faults = part_of(fields, "faults", read_faults).value_or(std::vector<Fault>{});
    scenario.timeline =
        part_of(fields, "timeline", read_timeline).value_or(std::vector<TimelineStep>{});
    fields.done();
    check_timeline(json, scenario, where + ": ");
    return scenario;
}

}  // namespace fleet::mock_provider
