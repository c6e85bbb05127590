#include "tests/support/mock_provider/scenario_parts.hpp"

#include <array>
#include <cmath>

#include "common/base/errors.hpp"
#include "tests/support/mock_provider/fields.hpp"

namespace fleet::mock_provider {
namespace {

using base::Json;

constexpr std::int64_t kMaximumAmount = 1'000'000'000'000;
constexpr std::int64_t kLongestWindowMs = 31LL * 86'400'000;
constexpr std::int64_t kMaximumMib = 1024;

constexpr std::array<Choice<Quantity>, 4> kQuantities{{{"requests", Quantity::requests},
                                                       {"tokens", Quantity::tokens},
                                                       {"input_tokens", Quantity::input_tokens},
                                                       {"output_tokens", Quantity::output_tokens}}};
constexpr std::array<Choice<LimitKind>, 3> kLimitKinds{
    {{"token_bucket", LimitKind::token_bucket},
     {"fixed_window", LimitKind::fixed_window},
     {"sliding_window", LimitKind::sliding_window}}};
constexpr std::array<Choice<WindowStart>, 2> kWindowStarts{
    {{"aligned", WindowStart::aligned}, {"first_call", WindowStart::first_call}}};
constexpr std::array<Choice<LimitScope>, 4> kScopes{{{"all", LimitScope::all},
                                                     {"model", LimitScope::model},
                                                     {"key", LimitScope::key},
                                                     {"model_and_key", LimitScope::model_and_key}}};
constexpr std::array<Choice<std::int64_t>, 4> kSpans{
    {{"second", 1'000}, {"minute", 60'000}, {"hour", 3'600'000}, {"day", 86'400'000}}};
constexpr std::array<Choice<AnswerForm>, 3> kEchoes{{{"plain", AnswerForm::echo},
                                                     {"upper", AnswerForm::upper},
                                                     {"reversed", AnswerForm::reversed}}};
constexpr std::array<Choice<FaultKind>, 12> kFaultKinds{
    {{"status", FaultKind::status},
     {"never_answers", FaultKind::never_answers},
     {"half_closed", FaultKind::half_closed},
     {"reset", FaultKind::reset},
     {"garbage", FaultKind::garbage},
     {"closed_in_body", FaultKind::closed_in_body},
     {"truncated_json", FaultKind::truncated_json},
     {"wrong_content_type", FaultKind::wrong_content_type},
     {"large_answer", FaultKind::large_answer},
     {"slow_drip", FaultKind::slow_drip},
     {"headers", FaultKind::headers},
     {"retry_after", FaultKind::retry_after}}};

template <typename Value, std::size_t Count>
std::span<const Choice<Value>> all_of(const std::array<Choice<Value>, Count>& choices) {
    return choices;
}

std::int64_t scaled(std::int64_t amount, double factor) {
    if (factor == 1) {
        return amount;
    }
    // What a person writes as 0.29 is a little less or more; 100 * 0.29 is to be 29.
    constexpr double kRounding = 1e-6;
    return static_cast<std::int64_t>(std::floor(static_cast<double>(amount) * factor + kRounding));
}

LimitRule read_limit(const std::string& name, const Json& json, const std::string& where,
                     double factor) {
    Fields fields(json, where);
    LimitRule rule;
    rule.name = name;
    rule.quantity = fields.choice("quantity", all_of(kQuantities)).value_or(rule.quantity);
    rule.kind = fields.choice("kind", all_of(kLimitKinds)).value_or(rule.kind);
    const auto amount = fields.integer("amount", 0, kMaximumAmount);
    if (!amount) {
        fields.fail("amount", "is missing");
    }
    rule.amount = scaled(*amount, factor);
    const auto per = fields.choice("per", all_of(kSpans));
    const auto window = fields.integer("window_ms", 1, kLongestWindowMs);
    if (per && window) {
        fields.fail("window_ms", "says the same as per; leave one of them out");
    }
    rule.window = std::chrono::milliseconds(window.value_or(per.value_or(60'000)));
    const auto burst = fields.integer("burst", 0, kMaximumAmount);
    if (burst && rule.kind != LimitKind::token_bucket) {
        fields.fail("burst", "is for token buckets");
    }
    rule.burst = burst ? scaled(*burst, factor) : rule.amount;
    const auto start = fields.choice("start", all_of(kWindowStarts));
    if (start && rule.kind != LimitKind::fixed_window) {
        fields.fail("start", "is for fixed windows");
    }
    rule.start = start.value_or(rule.start);
    rule.scope = fields.choice("scope", all_of(kScopes)).value_or(rule.scope);
    rule.models = fields.texts("models").value_or(rule.models);
    rule.keys = fields.texts("keys").value_or(rule.keys);
    rule.reserve_max_tokens = fields.boolean("reserve_max_tokens").value_or(false);
    rule.count_refused = fields.boolean("count_refused").value_or(false);
    rule.shown = fields.boolean("shown").value_or(true);
    fields.done();
    return rule;
}

std::vector<ToolCall> read_tools(const Json& json, const std::string& where) {
    if (!json.is_array() || json.empty()) {
        throw base::ConfigError(where + ": has to be a list of {name, arguments}, is " +
                                json.dump());
    }
    std::vector<ToolCall> tools;
    for (const Json& each : json) {
        Fields fields(each, where + "[" + std::to_string(tools.size()) + "]");
        ToolCall tool;
        const auto name = fields.text("name");
        if (!name) {
            fields.fail("name", "is missing");
        }
        tool.name = *name;
        const Json* arguments = fields.value("arguments");
        if (arguments != nullptr && !arguments->is_object()) {
            fields.fail("arguments", "has to be an object, is " + arguments->dump());
        }
        tool.arguments = arguments == nullptr ? "{}" : base::dump_json(*arguments);
        fields.done();
        tools.push_back(std::move(tool));
    }
    return tools;
}

AnswerRule read_answer(const std::string& name, const Json& json, const std::string& where) {
    Fields fields(json, where);
    AnswerRule rule;
    rule.name = name;
    rule.model = fields.text("model");
    rule.contains = fields.text("contains");
    rule.after_tool = fields.boolean("after_tool");
    int forms = 0;
    if (const auto echo = fields.choice("echo", all_of(kEchoes))) {
        rule.form = *echo;
        ++forms;
    }
    if (const auto text = fields.text("text")) {
        rule.form = AnswerForm::text;
        rule.text = *text;
        ++forms;
    }
    if (const Json* given = fields.value("json")) {
        rule.form = AnswerForm::json;
        rule.json = *given;
        ++forms;
    }
    if (const Json* tools = fields.value("tool_calls")) {
        rule.form = AnswerForm::tool_calls;
        rule.tools = read_tools(*tools, fields.path("tool_calls"));
        rule.after_tool = rule.after_tool.value_or(false);
        ++forms;
    }
    if (forms > 1) {
        throw base::ConfigError(where + ": has to have one of echo, text, json and tool_calls");
    }
    rule.finish_reason = fields.text("finish_reason");
    rule.input_tokens = fields.integer("input_tokens", 0, kMaximumTokens);
    rule.output_tokens = fields.integer("output_tokens", 0, kMaximumTokens);
    fields.done();
    return rule;
}

/// What only one kind of fault takes; it is an error for the others.
void require_kind(const Fields& fields, const Fault& fault, FaultKind kind, const std::string& key,
                  bool given) {
    if (given && fault.kind != kind) {
        std::string name;
        for (const auto& [word, each] : kFaultKinds) {
            name = each == kind ? std::string(word) : name;
        }
        fields.fail(key, "is for faults of kind " + name);
    }
}

void read_header_values(Fields& fields, Fault& fault) {
    const Json* headers = fields.value("headers");
    require_kind(fields, fault, FaultKind::headers, "headers", headers != nullptr);
    if (fault.kind != FaultKind::headers) {
        return;
    }
    if (headers == nullptr || !headers->is_object()) {
        fields.fail("headers", "has to be an object {name: value}");
    }
    for (const auto& [key, value] : headers->items()) {
        const bool splits = value.is_string() &&
                            value.get<std::string>().find_first_of("\r\n") != std::string::npos;
        if (!value.is_string() || splits) {
            fields.fail("headers", "the value of " + key + " has to be one line of text");
        }
        fault.headers.emplace_back(key, value.get<std::string>());
    }
}

Fault read_fault(const std::string& name, const Json& json, const std::string& where) {
    Fields fields(json, where);
    Fault fault;
    fault.name = name;
    const auto kind = fields.choice("kind", all_of(kFaultKinds));
    if (!kind) {
        fields.fail("kind", "is missing");
    }
    fault.kind = *kind;
    const auto probability = fields.number("probability", 0, 1);
    fault.probability = probability.value_or(1);
    fault.next = fields.integer("next", 0);
    if (probability && fault.next) {
        fields.fail("next", "stands instead of probability; leave one of them out");
    }
    fault.models = fields.texts("models").value_or(fault.models);
    fault.keys = fields.texts("keys").value_or(fault.keys);
    fault.contains = fields.text("contains");
    const auto status = fields.integer("status", 400, 599);
    require_kind(fields, fault, FaultKind::status, "status", status.has_value());
    fault.status = static_cast<int>(status.value_or(fault.status));
    const auto bare = fields.boolean("bare");
    require_kind(fields, fault, FaultKind::status, "bare", bare.has_value());
    fault.bare = bare.value_or(false);
    const auto text = fields.text("text");
    require_kind(fields, fault, FaultKind::retry_after, "text", text.has_value());
    if (!text && fault.kind == FaultKind::retry_after) {
        fields.fail("text", "is missing");
    }
    fault.text = text.value_or("");
    const auto type = fields.text("content_type");
    require_kind(fields, fault, FaultKind::wrong_content_type, "content_type", type.has_value());
    fault.content_type = type.value_or(fault.content_type);
    const auto mib = fields.integer("mib", 1, kMaximumMib);
    require_kind(fields, fault, FaultKind::large_answer, "mib", mib.has_value());
    fault.mib = mib.value_or(fault.mib);
    const auto bytes = fields.integer("bytes", 1, 1'000'000);
    require_kind(fields, fault, FaultKind::slow_drip, "bytes", bytes.has_value());
    fault.bytes = bytes.value_or(fault.bytes);
    const auto interval = fields.integer("interval_ms", 0, 3'600'000);
    require_kind(fields, fault, FaultKind::slow_drip, "interval_ms", interval.has_value());
    fault.interval = std::chrono::milliseconds(interval.value_or(fault.interval.count()));
    read_header_values(fields, fault);
    fields.done();
    return fault;
}

/// Every entry of an object of named entries.
template <typename Read>
auto read_entries(const Json& json, const std::string& where, Read read) {
    if (!json.is_object()) {
        throw base::ConfigError(where + ": has to be an object {NAME: {...}}, is " +
                                json.type_name());
    }
    std::vector<decltype(read(std::string(), json, where))> entries;
    for (const auto& [name, entry] : json.items()) {
        entries.push_back(read(name, entry, where + "." + name));
    }
    return entries;
}

}  // namespace

std::vector<LimitRule> read_limits(const Json& json, const std::string& where, double factor) {
    return read_entries(json, where,
                        [&](const std::string& name, const Json& entry, const std::string& path) {
                            return read_limit(name, entry, path, factor);
                        });
}

std::vector<AnswerRule> read_answers(const Json& json, const std::string& where) {
    return read_entries(json, where, read_answer);
}

std::vector<Fault> read_faults(const Json& json, const std::string& where) {
    return read_entries(json, where, read_fault);
}

}  // namespace fleet::mock_provider
