#include "tests/support/mock_provider/running_mock.hpp"

#include <csignal>
#include <unistd.h>

#include "common/base/errors.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::mock_provider {
namespace {

constexpr std::chrono::seconds kStart{60};
constexpr std::chrono::seconds kStop{30};

}  // namespace

test_support::Program MockProvider::program_of(const std::string& scenario_json,
                                               const MockOptions& options) const {
    test_support::write_file(folder_ / "scenario.json", scenario_json);
    test_support::Program program;
    program.argv = {test_support::bin_dir() / "mock_provider",
                    "--port",
                    std::to_string(options.port),
                    "--scenario",
                    folder_ / "scenario.json",
                    "--port-file",
                    folder_ / "port",
                    "--threads",
                    std::to_string(options.threads),
                    "--until-process-ends",
                    std::to_string(::getpid())};
    if (options.tls) {
        program.argv.insert(program.argv.end(), {"--tls-cert", options.tls->certificate,
                                                 "--tls-key", options.tls->key});
    }
    return program;
}

MockProvider::MockProvider(const std::string& scenario_json, const MockOptions& options)
    : has_tls_(options.tls.has_value()), program_(program_of(scenario_json, options)) {
    const std::filesystem::path file = folder_ / "port";
    const bool ready = test_support::wait_until(
        [&] {
            return std::filesystem::exists(file) || program_.wait(std::chrono::milliseconds(0));
        },
        kStart);
    if (!ready || !std::filesystem::exists(file)) {
        throw base::Error("starting a mock provider: " +
                          std::string(ready ? "it ended: " : "it does not listen: ") +
                          program_.err());
    }
    port_ = static_cast<std::uint16_t>(std::stoi(test_support::read_file(file)));
}

std::string MockProvider::url() const {
    return (has_tls_ ? "https" : "http") + std::string("://127.0.0.1:") + std::to_string(port_);
}

std::string MockProvider::ask(const std::string& method, const std::string& target,
                              const std::string& body) const {
    const HttpAnswer answer = exchange(port_, {method, target, {}, body});
    if (answer.status != 200) {
        throw base::Error("asking the mock provider " + method + " " + target + ": " +
                          std::to_string(answer.status) + " " + answer.body);
    }
    return answer.body;
}

base::Json MockProvider::stats() const {
    return base::parse_json(ask("GET", "/mock/stats", ""), "the mock provider's counts");
}

void MockProvider::configure(const std::string& patch_json) const {
    ask("POST", "/mock/configure", patch_json);
}

void MockProvider::reset(const std::string& options_json) const {
    ask("POST", "/mock/reset", options_json);
}

bool MockProvider::stop() {
    program_.kill(SIGTERM);
    const auto end = program_.wait(kStop);
    return end && end->exit_code == 0;
}

}  // namespace fleet::mock_provider
