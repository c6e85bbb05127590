// One line of a file of results.
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "cli/work/results_writer.hpp"
#include "common/base/json.hpp"
#include "common/model/execution.hpp"

using namespace fleet;

namespace {

/// Names that stand twice in one object of the text.
std::vector<std::string> doubled_names(const std::string& text) {
    std::vector<std::set<std::string>> objects;
    std::vector<std::string> doubled;
    using base::Json;
    const auto parsed = Json::parse(text, [&](int, Json::parse_event_t event, Json& value) {
        if (event == Json::parse_event_t::object_start) {
            objects.emplace_back();
        } else if (event == Json::parse_event_t::object_end) {
            objects.pop_back();
        } else if (event == Json::parse_event_t::key) {
            const std::string name = value.get<std::string>();
            if (!objects.back().insert(name).second) {
                doubled.push_back(name);
            }
        }
        return true;
    });
    return doubled;
}

model::Execution failed_execution() {
    model::Execution execution;
    execution.status = model::Status::failed;
    execution.input = R"({"n": 1})";
    execution.error = model::ExecutionError{model::ErrorKind::machine, "no list", "line 3", {}};
    execution.error->type = "ValueError";
    return execution;
}

}  // namespace

TEST_CASE("a result's line has each name once") {
    const std::string line = cli::result_line(failed_execution());
    CHECK(doubled_names(line).empty());
    CHECK(doubled_names(R"({"a": {"b": 1, "b": 2}, "b": 1})") == std::vector<std::string>{"b"});
    const auto json = base::Json::parse(line);
    CHECK(json["error"]["kind"] == "machine");
    CHECK(json["error"]["type"] == "ValueError");
    CHECK(json["error"]["message"] == "no list");
    CHECK(json["error"]["evidence"] == "line 3");
    CHECK(json["output"].is_null());
}

TEST_CASE("a result that was reached tells no error of an earlier attempt") {
    model::Execution execution = failed_execution();
    execution.status = model::Status::done;
    execution.output = "[1]";
    const auto json = base::Json::parse(cli::result_line(execution));
    CHECK(json["error"].is_null());
    CHECK(json["output"] == base::Json::array({1}));
    CHECK(json["status"] == "done");
}
