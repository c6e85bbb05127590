#include "bench/support/mock_run.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <variant>

#include "bench/support/measure.hpp"
#include "common/base/json.hpp"

namespace fleet::bench {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> mock_command(const fs::path& folder, const std::string& scenario,
                                      int threads) {
    std::ofstream(folder / "scenario.json") << scenario;
    return {(program_folder() / "mock_provider").string(),
            "--port",
            "0",
            "--port-file",
            (folder / "port").string(),
            "--scenario",
            (folder / "scenario.json").string(),
            "--threads",
            std::to_string(threads)};
}

std::string url_of(const fs::path& port_file) {
    std::string port;
    wait_until("the mock provider's port", [&] {
        std::ifstream file(port_file);
        return static_cast<bool>(std::getline(file, port)) && !port.empty();
    });
    return "http://127.0.0.1:" + port;
}

void write_machine(const fs::path& folder, const std::string& url) {
    std::ofstream(folder / "machine.yml") << R"(spec: flatmachine
spec_version: "4.2.1"
data:
  name: one_call
  agents: {caller: ./agent.yml}
  states:
    start:
      agent: caller
      input: {text: "{{ input.item }}"}
      output_to_context: {answer: "{{ output.content }}"}
      transitions: [{to: end}]
    end: {type: final, output: {answer: context.answer}}
)";
    std::ofstream(folder / "agent.yml") << R"(spec: flatagent
spec_version: "4.2.1"
data:
  prompt: {system: You repeat., user: "{{ input.text }}"}
  profile: only
)";
    std::ofstream(folder / "profiles.yml") << R"(spec: flatprofile
spec_version: "4.2.1"
data:
  model_profiles:
    only: {name: m, provider: mock, base_url: ")"
                                           << url << R"(/v1"}
)";
}

}  // namespace

MockRun::MockRun(BenchFleet& fleet, const std::string& scenario, int threads)
    : fleet_(fleet),
      mock_(mock_command(fleet.folder(), scenario, threads)),
      url_(url_of(fleet.folder() / "port")) {
    write_machine(fleet.folder(), url_);
}

void MockRun::submit(int items) {
    const fs::path file = fleet_.folder() / "items.txt";
    std::ofstream stream(file);
    for (int item = 0; item < items; ++item) {
        stream << "item " << item << '\n';
    }
    stream.close();
    std::vector<std::string> argv =
        fleet_.command("fleet", {"submit", "--items", file.string(), "--max-attempts", "1000",
                                 (fleet_.folder() / "machine.yml").string()});
    (void)run_milliseconds(argv);
}

void MockRun::start_worker(int slots) {
    workers_.push_back(fleet_.start(
        "worker", {"--pool", "default", "--slots", std::to_string(slots), "--lease-ttl", "3"}));
}

void MockRun::start_scaler(const std::string& host) {
    scalers_.push_back(fleet_.start("scaler", {"--host-id", host, "--slots", "2", "--max", "40"}));
}

MockRun::Counts MockRun::counts() const {
    http::Request request;
    request.url = url_ + "/mock/stats";
    request.method = "GET";
    request.what = "reading the mock provider's counts";
    const auto result = client_.send(request, {});
    const auto* const response = std::get_if<http::Response>(&result);
    if (response == nullptr || response->status != 200) {
        throw std::runtime_error("the mock provider did not tell its counts");
    }
    const base::Json json = base::parse_json(response->body, "the mock provider's counts");
    return {json.at("offered").get<double>(), json.at("given").get<double>(),
            json.at("in_flight").at("now").get<double>()};
}

}  // namespace fleet::bench
