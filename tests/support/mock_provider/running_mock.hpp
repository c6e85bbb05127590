// A mock provider as tests use it: the program, started with a scenario in a folder of its own and
// ended by the destructor. It also ends by itself when the test's process ends. Not thread-safe.
//
//   MockProvider mock(R"({"limits": {"rpm": {"amount": 60}}})");
//   ... mock.url() + "/v1/chat/completions" ...
//   mock.configure(R"({"faults": {"down": {"kind": "status", "status": 503, "next": 3}}})");
//   CHECK(mock.stats().at("given") == 60);
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/json.hpp"
#include "tests/support/mock_provider/http_exchange.hpp"
#include "tests/support/mock_provider/http_server.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::mock_provider {

struct MockOptions {
    int threads = 1;
    std::uint16_t port = 0;  ///< 0: any free one
    std::optional<TlsFiles> tls{};
};

class MockProvider {
  public:
    /// Returns when it listens. Throws when it does not, with what it wrote.
    explicit MockProvider(const std::string& scenario_json = "{}", const MockOptions& options = {});
    MockProvider(const MockProvider&) = delete;
    MockProvider& operator=(const MockProvider&) = delete;
    ~MockProvider() = default;

    /// "http://127.0.0.1:PORT", or https.
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return program_.pid(); }

    // The following throw Error when the answer is not 200; they speak no TLS.

    /// See statistics.hpp for what is in it.
    [[nodiscard]] base::Json stats() const;
    /// A JSON patch of the scenario.
    void configure(const std::string& patch_json) const;
    /// See provider.hpp for the options.
    void reset(const std::string& options_json = "{}") const;

    /// Asks it to end and waits for that; false when it had to be killed or ended with an error.
    bool stop();

  private:
    [[nodiscard]] test_support::Program program_of(const std::string& scenario_json,
                                                   const MockOptions& options) const;
    std::string ask(const std::string& method, const std::string& target,
                    const std::string& body) const;

    test_support::TemporaryFolder folder_;
    bool has_tls_;
    test_support::ChildProgram program_;
    std::uint16_t port_ = 0;
};

}  // namespace fleet::mock_provider
