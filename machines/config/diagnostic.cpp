#include "machines/config/diagnostic.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "common/base/nearest.hpp"

namespace fleet::config {

std::string Diagnostic::line() const {
    std::string text = file + ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
    text += severity == Severity::warning ? ": warning: " : ": error: ";
    text += message;
    return advice.empty() ? text : text + "; " + advice;
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
    return std::ranges::any_of(
        diagnostics, [](const Diagnostic& one) { return one.severity != Severity::warning; });
}

bool has_load_errors(const std::vector<Diagnostic>& diagnostics) {
    return std::ranges::any_of(
        diagnostics, [](const Diagnostic& one) { return one.severity == Severity::load_error; });
}

bool has_expression_errors(const std::vector<Diagnostic>& diagnostics) {
    return std::ranges::any_of(diagnostics, [](const Diagnostic& one) {
        return one.severity != Severity::warning && one.fault == Fault::expression;
    });
}

void sort(std::vector<Diagnostic>& diagnostics) {
    std::map<std::string, std::size_t> order;
    for (const Diagnostic& one : diagnostics) {
        order.emplace(one.file, order.size());
    }
    std::ranges::stable_sort(diagnostics, {}, [&](const Diagnostic& one) {
        return std::tuple(order.at(one.file), one.at.line, one.at.column);
    });
}

void Findings::warn(const Place& place, std::string message, std::string advice) {
    add(Severity::warning, Fault::config, place, std::move(message), std::move(advice));
}

void Findings::error(const Place& place, std::string message, std::string advice, Fault fault) {
    add(Severity::run_error, fault, place, std::move(message), std::move(advice));
}

void Findings::refuse(const Place& place, std::string message, std::string advice, Fault fault) {
    add(Severity::load_error, fault, place, std::move(message), std::move(advice));
}

void Findings::add(Severity severity, Fault fault, const Place& place, std::string message,
                   std::string advice) {
    all_.push_back(
        {severity, fault, file_, place.at, place.path, std::move(message), std::move(advice)});
}

std::string one_of(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        text += i == 0 ? "" : i + 1 == names.size() ? " or " : ", ";
        text += '`' + names[i] + '`';
    }
    return text;
}

std::string suggestion(std::string_view typed, const std::vector<std::string>& names) {
    static constexpr std::size_t kListed = 24;      // more would hide the message
    static constexpr std::size_t kCompared = 1000;  // comparing costs for each
    if (names.size() > kCompared) {
        return {};
    }
    if (const auto nearest = base::nearest_name(typed, names)) {
        return "did you mean `" + *nearest + "`?";
    }
    if (names.empty()) {
        return {};
    }
    if (names.size() > kListed) {
        std::vector<std::string> first(names.begin(), names.begin() + kListed);
        first.emplace_back("...");
        return "use one of " + one_of(first);
    }
    return (names.size() == 1 ? "use " : "use one of ") + one_of(names);
}

}  // namespace fleet::config
