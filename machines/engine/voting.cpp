#include "machines/engine/voting.hpp"

#include <algorithm>
#include <charconv>
#include <re2/re2.h>
#include <string_view>
#include <utility>

#include "machines/engine/strategy.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::engine {
namespace {

using expression::Value;

constexpr std::int64_t kDefaultMargin = 3;
constexpr std::int64_t kDefaultCandidates = 10;
/// Characters of a token, roughly.
constexpr std::size_t kTokenLength = 4;

std::int64_t number_in(const Value* object, std::string_view name, std::int64_t otherwise) {
    const Value* value = object == nullptr ? nullptr : object->find(name);
    return value != nullptr && value->is_integral() && value->as_integer() > 0 ? value->as_integer()
                                                                               : otherwise;
}

std::string text_in(const Value& object, std::string_view name) {
    const Value* value = object.find(name);
    return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

std::optional<Value> integer_of(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n+"), text.size()));
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (error != std::errc() || rest.find_first_not_of(" \t\r\n") != std::string_view::npos) {
        return std::nullopt;
    }
    return Value::integer(number);
}

}  // namespace

struct Voting::Field {
    std::string name;
    std::string type;
    RE2 pattern;

    Field(std::string the_name, std::string the_type, const std::string& regex)
        : name(std::move(the_name)),
          type(std::move(the_type)),
          pattern("(?s)" + regex, RE2::Quiet) {
        if (!pattern.ok()) {
            throw calls::CallError("ValueError",
                                   "the parsing pattern of `" + name +
                                       "` is no regular expression: " + pattern.error());
        }
    }

    [[nodiscard]] std::optional<Value> find(const std::string& content) const {
        std::string found;
        if (pattern.NumberOfCapturingGroups() < 1 || !RE2::PartialMatch(content, pattern, &found)) {
            return std::nullopt;
        }
        if (type == "int") {
            return integer_of(found);
        }
        if (type == "json") {
            try {
                return expression::from_json(found);
            } catch (const expression::EvaluationError&) {
                return std::nullopt;
            }
        }
        return Value::string(std::move(found));
    }
};

Voting::Voting(const config::Execution& execution, const Value& metadata)
    : margin_(execution.k_margin.value_or(kDefaultMargin)),
      most_(execution.max_candidates.value_or(kDefaultCandidates)) {
    const Value* mdap = metadata.find("mdap");
    margin_ = number_in(mdap, "k_margin", margin_);
    most_ = std::min(number_in(mdap, "max_candidates", most_), kMostSamples);
    longest_tokens_ = number_in(mdap, "max_response_tokens", 0);
    const Value* parsing = metadata.find("parsing");
    if (parsing == nullptr || !parsing->is_dict()) {
        return;
    }
    for (const auto& [name, field] : parsing->as_dict().entries()) {
        const std::string pattern = text_in(field, "pattern");
        if (name.is_string() && !pattern.empty()) {
            fields_.push_back(
                std::make_unique<Field>(name.as_string(), text_in(field, "type"), pattern));
        }
    }
}

Voting::~Voting() = default;

bool Voting::is_open() const {
    return !decided_ && asked_ < most_;
}

void Voting::add_failure() {
    ++asked_;
}

std::optional<Value> Voting::parse(const std::string& content) const {
    Value result = Value::dict({});
    for (const auto& field : fields_) {
        auto value = field->find(content);
        if (!value) {
            return std::nullopt;
        }
        result.set(field->name, std::move(*value));
    }
    return result;
}

std::optional<Value> Voting::candidate_of(const calls::AgentResult& result) const {
    const std::string content = result.content.value_or("");
    if (longest_tokens_ > 0 &&
        content.size() / kTokenLength > static_cast<std::size_t>(longest_tokens_)) {
        return std::nullopt;
    }
    if (!fields_.empty()) {
        return content.empty() ? std::nullopt : parse(content);
    }
    if (!result.output.is_null()) {
        return result.output;
    }
    if (content.empty()) {
        return std::nullopt;
    }
    Value payload = Value::dict({});
    payload.set("content", Value::string(content));
    return payload;
}

void Voting::add(const calls::AgentResult& result) {
    ++asked_;
    auto value = candidate_of(result);
    if (!value) {
        return;
    }
    std::string key = expression::spaced_json(*value, true);
    auto candidate = std::ranges::find(candidates_, key, &Candidate::key);
    if (candidate == candidates_.end()) {
        candidates_.push_back({std::move(key), std::move(*value), 0});
        candidate = std::prev(candidates_.end());
    }
    ++candidate->votes;
    if (candidate->votes >= margin_) {
        decided_ = true;
        return;
    }
    std::int64_t second = 0;
    for (const Candidate& other : candidates_) {
        if (&other != &*candidate) {
            second = std::max(second, other.votes);
        }
    }
    decided_ = candidates_.size() >= 2 && candidate->votes - second >= margin_;
}

std::optional<Value> Voting::winner() const {
    const auto best = std::ranges::max_element(candidates_, {}, &Candidate::votes);
    if (best == candidates_.end()) {
        return std::nullopt;
    }
    return best->value;
}

}  // namespace fleet::engine
