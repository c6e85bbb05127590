#include "tests/conformance/compare.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "tests/conformance/placeholders.hpp"

namespace fleet::conformance {
namespace {

using base::Json;

bool same_number(const Json& left, const Json& right) {
    if (left.is_number_integer() && right.is_number_integer()) {
        return left == right;
    }
    return left.get<double>() == right.get<double>();
}

bool is_error(const Json& value) {
    return value.is_object() && value.contains("class") && value.contains("message");
}

/// What a store keeps of an error's class: the kind, as "stored:KIND".
bool is_kept_as(const std::string& expected, std::string_view kind) {
    constexpr std::array<std::string_view, 7> kConfig{
        "file_not_found",  "unknown_hook", "unknown_agent", "unknown_agent_type",
        "unknown_machine", "config",       "yaml"};
    if (expected.starts_with("agent_")) {
        return kind == "agent";
    }
    if (std::ranges::find(kConfig, expected) != kConfig.end()) {
        return kind == "config";
    }
    return kind == (expected == "timeout" ? "timeout" : "machine");
}

/// The reference fails inside itself where we say what is wrong with the configuration; and it
/// knows a stub's TimeoutError as any other error of a stub.
bool same_class(const std::string& expected, const std::string& got) {
    constexpr std::string_view kStored = "stored:";
    if (got.starts_with(kStored)) {
        return is_kept_as(expected, std::string_view(got).substr(kStored.size()));
    }
    return expected == got || (expected == "internal" && got == "config") ||
           (got == "timeout" && (expected == "user" || expected == "other"));
}

bool is_message_compared(const std::string& kind) {
    constexpr std::array<std::string_view, 5> kCompared{"user", "agent_error", "agent_retryable",
                                                        "unknown_agent", "unknown_machine"};
    return std::ranges::find(kCompared, kind) != kCompared.end();
}

std::string unquoted(const std::string& text) {
    const bool quoted = text.size() >= 2 && text.front() == '\'' && text.back() == '\'';
    return quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

Comparison::Comparison(const CaseFile& one)
    : case_(one),
      order_is_free_(std::ranges::any_of(
          std::array<std::string_view, 3>{"parallel", "mode: any", "\"any\""},
          [&](std::string_view text) { return one.sources.find(text) != std::string::npos; })) {
    find_loose(case_.expected);
}

void Comparison::find_loose(const Json& expected) {
    if (!expected.is_structured()) {
        return;
    }
    if (expected.is_object()) {
        if (expected.contains("last_error")) {
            add_loose(expected["last_error"], expected.value("last_error_type", Json()));
        }
        if (expected.contains("_error")) {
            add_loose(expected["_error"], expected.value("_error_type", Json()));
        }
    }
    for (const Json& member : expected) {
        find_loose(member);
    }
}

void Comparison::add_loose(const Json& message, const Json& type) {
    if (!message.is_string()) {
        return;
    }
    const auto text = message.get<std::string>();
    const std::string type_text = type.is_string() ? type.get<std::string>() : std::string();
    // Errors of stubs have the words of the case's own files.
    const bool is_of_agent = type_text == "RuntimeError" || type_text == "RetryableError";
    if (is_of_agent || case_.sources.find(unquoted(text)) != std::string::npos) {
        return;
    }
    loose_.insert(type_text);
    if (!text.starts_with("Unknown agent") && !text.starts_with("Unknown machine")) {
        loose_.insert(text);
    }
}

Difference Comparison::compare(const Json& expected, const Json& got) const {
    return at(expected, got, "");
}

Difference Comparison::compare_stated(const Json& stated, const Json& got) const {
    for (const auto& [key, member] : stated.items()) {
        if (!got.contains(key)) {
            return {"." + key, member, Json()};
        }
        if (auto found = at(member, got[key], "." + key); !found.path.empty()) {
            return found;
        }
    }
    return {};
}

Difference Comparison::at(const Json& expected, const Json& got, const std::string& path) const {
    const Difference differ{path.empty() ? "." : path, expected, got};
    if (expected.is_number() && got.is_number()) {
        return same_number(expected, got) ? Difference{} : differ;
    }
    if (expected.is_string() && got.is_string()) {
        const auto text = got.get<std::string>();
        const bool is_loose = loose_.contains(expected.get<std::string>()) && !text.empty();
        return is_loose || matches(expected.get<std::string>(), text) ? Difference{} : differ;
    }
    if (expected.is_object() && expected.contains("$str") && got.is_string()) {
        return expected["$str"] == got ? Difference{} : differ;  // a host's object as its text
    }
    if (expected.type() != got.type()) {
        return differ;
    }
    if (is_error(expected) && is_error(got)) {
        return errors(expected, got, path);
    }
    if (expected.is_object()) {
        return objects(expected, got, path);
    }
    if (expected.is_array()) {
        return lists(expected, got, path);
    }
    return expected == got ? Difference{} : differ;
}

Difference Comparison::objects(const Json& expected, const Json& got,
                               const std::string& path) const {
    for (const auto& [key, member] : expected.items()) {
        const std::string below = path + "." + key;
        if (!got.contains(key)) {
            return {below, member, "(nothing)"};
        }
        if (auto found = at(member, got[key], below); !found.path.empty()) {
            return found;
        }
    }
    for (const auto& [key, member] : got.items()) {
        if (!expected.contains(key)) {
            return {path + "." + key, "(nothing)", member};
        }
    }
    return {};
}

Difference Comparison::lists(const Json& expected, const Json& got, const std::string& path) const {
    const bool any_order = order_is_free_ || path.ends_with(".children");
    if (any_order && same_in_any_order(expected, got)) {
        return {};
    }
    for (std::size_t place = 0; place < std::min(expected.size(), got.size()); ++place) {
        auto found = at(expected[place], got[place], path + "[" + std::to_string(place) + "]");
        if (!found.path.empty()) {
            return found;
        }
    }
    if (expected.size() != got.size()) {
        return {path.empty() ? "." : path, expected, got};
    }
    return {};
}

bool Comparison::same_in_any_order(const Json& expected, const Json& got) const {
    if (expected.size() != got.size()) {
        return false;
    }
    std::vector<bool> taken(got.size(), false);
    return std::ranges::all_of(expected, [&](const Json& one) {
        for (std::size_t place = 0; place < got.size(); ++place) {
            if (!taken[place] && at(one, got[place], "").path.empty()) {
                taken[place] = true;
                return true;
            }
        }
        return false;
    });
}

Difference Comparison::errors(const Json& expected, const Json& got,
                              const std::string& path) const {
    const auto kind = expected["class"].get<std::string>();
    if (!same_class(kind, got["class"].get<std::string>())) {
        return {path + ".class", expected, got};
    }
    const bool is_stored = got["class"].get<std::string>().starts_with("stored:");
    if (is_stored && expected["type"] != got["type"]) {
        return {path + ".type", expected, got};
    }
    if (is_message_compared(kind) &&
        !matches(expected["message"].get<std::string>(), got["message"].get<std::string>())) {
        return {path + ".message", expected, got};
    }
    return {};
}

}  // namespace fleet::conformance
