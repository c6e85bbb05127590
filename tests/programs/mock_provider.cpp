// A server that behaves like a rate-limited provider of language models, see docs/mock_provider.md.
//
//   mock_provider [--port N] [--scenario FILE.json] [--port-file FILE] [--threads N]
//                 [--tls-cert FILE --tls-key FILE] [--until-stdin-closes]
//                 [--until-process-ends PID]
//
// Prints "listening on http://127.0.0.1:PORT" and ends with 0 on SIGTERM or SIGINT, when stdin
// closes or when the process ends, if that was asked for. 2: the command line or the scenario is
// wrong. 1: it cannot serve.
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <system_error>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "common/base/nearest.hpp"
#include "tests/support/mock_provider/http_server.hpp"

namespace {

using namespace fleet::mock_provider;
using fleet::base::ConfigError;

constexpr int kMaximumThreads = 256;

struct Options {
    ServerOptions server{};
    std::optional<std::filesystem::path> scenario{};
    std::optional<std::filesystem::path> port_file{};
};

template <typename Number>
Number number(const std::string& option, std::string_view text, Number least, Number most) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
        throw ConfigError(option + " takes a number from " + std::to_string(least) + " to " +
                          std::to_string(most) + ", not '" + std::string(text) + "'");
    }
    return value;
}

[[noreturn]] void refuse(const std::string& option) {
    const std::vector<std::string> known = {
        "--port",     "--scenario", "--port-file",          "--threads",
        "--tls-cert", "--tls-key",  "--until-stdin-closes", "--until-process-ends"};
    const auto nearest = fleet::base::nearest_name(option, known);
    throw ConfigError("there is no option '" + option + "'",
                      nearest ? "did you mean " + *nearest + "?" : "see docs/mock_provider.md");
}

Options read_options(const std::vector<std::string>& arguments) {
    Options options;
    std::filesystem::path certificate;
    std::filesystem::path key;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& option = arguments[i];
        const auto value = [&]() -> const std::string& {
            if (++i == arguments.size()) {
                throw ConfigError(option + " takes a value");
            }
            return arguments[i];
        };
        if (option == "--port") {
            options.server.port = number<std::uint16_t>(option, value(), 0,
                                                        std::numeric_limits<std::uint16_t>::max());
        } else if (option == "--scenario") {
            options.scenario = value();
        } else if (option == "--port-file") {
            options.port_file = value();
        } else if (option == "--threads") {
            options.server.threads = number(option, value(), 1, kMaximumThreads);
        } else if (option == "--tls-cert") {
            certificate = value();
        } else if (option == "--tls-key") {
            key = value();
        } else if (option == "--until-stdin-closes") {
            options.server.until_stdin_closes = true;
        } else if (option == "--until-process-ends") {
            options.server.until_process_ends =
                number<pid_t>(option, value(), 1, std::numeric_limits<pid_t>::max());
        } else {
            refuse(option);
        }
    }
    if (certificate.empty() != key.empty()) {
        throw ConfigError("TLS takes both --tls-cert and --tls-key");
    }
    if (!key.empty()) {
        options.server.tls = TlsFiles{certificate, key};
    }
    return options;
}

fleet::base::Json read_json(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        throw ConfigError("the scenario " + file.string() + " cannot be read");
    }
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    return fleet::base::parse_json(text, file.string());
}

/// Whole or not there: it is written beside and renamed.
void write_port(const std::filesystem::path& file, std::uint16_t port) {
    const std::filesystem::path beside = file.string() + ".new";
    std::ofstream stream(beside);
    stream << port << '\n';
    stream.close();
    if (!stream) {
        throw fleet::base::Error("writing the port to " + beside.string() + " failed");
    }
    std::filesystem::rename(beside, file);
}

void serve(const Options& options) {
    const fleet::base::SystemClock clock;
    const ProviderTime time(clock);
    Provider provider(options.scenario ? read_json(*options.scenario) : fleet::base::Json::object(),
                      options.scenario ? options.scenario->string() : "the scenario", time);
    HttpServer server(provider, options.server);
    std::printf("listening on http%s://127.0.0.1:%u\n", server.has_tls() ? "s" : "",
                static_cast<unsigned>(server.port()));
    std::fflush(stdout);
    if (options.port_file) {
        write_port(*options.port_file, server.port());
    }
    server.run();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        serve(read_options({argv + 1, argv + argc}));
        return 0;
    } catch (const ConfigError& error) {
        std::fprintf(stderr, "mock_provider: %s\n", error.full_text().c_str());
        return 2;
    } catch (const fleet::base::Error& error) {
        std::fprintf(stderr, "mock_provider: %s\n", error.full_text().c_str());
        return 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "mock_provider: %s\n", error.what());
        return 1;
    }
}
