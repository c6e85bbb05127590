#include "tests/conformance/row.hpp"

#include <fstream>

#include "common/base/errors.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/expression.hpp"
#include "machines/expression/operators.hpp"
#include "machines/template/render_value.hpp"
#include "machines/template/template.hpp"
#include "tests/conformance/json_of.hpp"

namespace fleet::conformance {
namespace {

using base::Json;
using expression::Value;

/// `machine` is marked as the host's own by a member that is none of its members.
Json without_marks(Json variables) {
    if (variables.contains("context") && variables["context"].contains("machine") &&
        variables["context"]["machine"].is_object()) {
        variables["context"]["machine"].erase("$frozen");
    }
    return variables;
}

Json run_condition(const Row& row, const Value& variables) {
    const auto parsed = expression::Expression::parse(row.json.at("text").get<std::string>());
    const Value* context = variables.find("context");
    const Value value = parsed.evaluate(context == nullptr ? Value() : *context);
    return {{"value", json_of(value)}, {"truthy", expression::truthy(value)}};
}

Json run_rendering(const Row& row, const Value& variables) {
    templates::Variables scope;
    for (const auto& [name, value] : variables.as_dict().entries()) {
        scope.add(name.as_string(), value);
    }
    if (row.kind == "prompt") {
        const auto parsed = templates::Template::parse(row.json.at("text").get<std::string>(),
                                                       templates::Mode::prompt);
        return {{"value", parsed.render(scope)}};
    }
    const Json& config = row.json.at(row.kind == "render" ? "text" : "data");
    const Value value = value_of(config);
    return {{"value", json_of(templates::render_value(value, scope))}};
}

bool same_number(const Json& left, const Json& right) {
    if (left.is_number_integer() && right.is_number_integer()) {
        return left == right;
    }
    return left.get<double>() == right.get<double>();
}

/// Errors are compared by their class.
Json comparable(const Json& result) {
    if (result.contains("error")) {
        return {{"error", {{"class", result["error"].value("class", "")}}}};
    }
    return result;
}

}  // namespace

std::vector<Row> read_rows(const std::filesystem::path& file) {
    std::ifstream stream(file);
    if (!stream) {
        throw base::ConfigError("cannot read " + file.string());
    }
    std::vector<Row> rows;
    std::string line;
    for (int number = 1; std::getline(stream, line); ++number) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) {
            continue;
        }
        const std::string where = file.string() + ":" + std::to_string(number);
        Json json = base::parse_json(line, where);
        if (!json.is_object() || !json.contains("id") || !json.contains("kind") ||
            !json.contains("expect")) {
            throw base::ConfigError(where + ": a row has id, kind and expect");
        }
        Row& row = rows.emplace_back();
        row.id = json["id"].get<std::string>();
        row.kind = json["kind"].get<std::string>();
        row.group = json.value("group", "");
        row.json = std::move(json);
    }
    return rows;
}

Json run_row(const Row& row) {
    try {
        const Value variables = value_of(without_marks(row.json.at("variables")));
        if (row.kind == "condition") {
            return run_condition(row, variables);
        }
        if (row.kind == "render" || row.kind == "render_dict" || row.kind == "prompt") {
            return run_rendering(row, variables);
        }
        return {{"error", {{"class", "other"}, {"message", "unknown kind " + row.kind}}}};
    } catch (const expression::EvaluationError& failure) {
        return {{"error",
                 {{"class", expression::name_of(failure.kind())}, {"message", failure.what()}}}};
    }
}

std::string first_difference(const Json& expected, const Json& got, const std::string& path,
                             Json* left, Json* right) {
    const auto differ = [&] {
        *left = expected;
        *right = got;
        return path.empty() ? std::string(".") : path;
    };
    if (expected.is_number() && got.is_number()) {
        return same_number(expected, got) ? "" : differ();
    }
    if (expected.type() != got.type() || expected.size() != got.size()) {
        return differ();
    }
    if (expected.is_object()) {
        for (const auto& [key, member] : expected.items()) {
            if (!got.contains(key)) {
                return differ();
            }
            const std::string found =
                first_difference(member, got[key], path + "." + key, left, right);
            if (!found.empty()) {
                return found;
            }
        }
        return "";
    }
    if (expected.is_array()) {
        for (std::size_t at = 0; at < expected.size(); ++at) {
            const std::string found = first_difference(
                expected[at], got[at], path + "[" + std::to_string(at) + "]", left, right);
            if (!found.empty()) {
                return found;
            }
        }
        return "";
    }
    return expected == got ? "" : differ();
}

Outcome judge(const Row& row) {
    const Json full = run_row(row);
    const Json got = comparable(full);
    const Json expected = comparable(row.json.at("expect"));
    Outcome outcome;
    outcome.path = first_difference(expected, got, "", &outcome.expected, &outcome.got);
    if (outcome.path.empty()) {
        outcome.verdict = Verdict::passed;
        return outcome;
    }
    if (row.json.contains("spec_expect")) {
        // Members that it does not name are not stated.
        const Json stated = comparable(row.json["spec_expect"]);
        bool agrees = stated.is_object();
        Json left;
        Json right;
        for (const auto& [key, member] : stated.items()) {
            agrees = agrees && got.contains(key) &&
                     first_difference(member, got[key], "", &left, &right).empty();
        }
        outcome.verdict = agrees ? Verdict::passed : Verdict::failed;
    } else if (row.json.contains("disputed")) {
        outcome.verdict = Verdict::disputed;
    } else if (row.json["expect"].value("host_specific", false)) {
        outcome.verdict = Verdict::skipped;
    }
    if (full.contains("error")) {
        outcome.got = full;
        outcome.expected = row.json.at("expect");
    }
    return outcome;
}

}  // namespace fleet::conformance
