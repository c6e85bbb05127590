#include "machines/agents/api_key.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace fleet;
using namespace fleet::agents;
using Catch::Matchers::Contains;

std::string refusal(const ProviderSettings& settings,
                    const std::vector<std::string>& environment = {}) {
    try {
        (void)read_key(settings, "acme", environment);
    } catch (const base::ConfigError& error) {
        return error.full_text();
    }
    FAIL("the key was found");
    return {};
}

}  // namespace

TEST_CASE("a key comes from the provider's variable, and its absence names that") {
    const ProviderSettings openai = settings_of({}, "openai");
    CHECK(openai.base_url == "https://api.openai.com/v1");
    const std::vector<std::string> environment{"OPENAI_API_KEYS=x", "OPENAI_API_KEY= sk-1 "};
    CHECK(read_key(openai, "openai", environment) == "sk-1");
    CHECK_THAT(refusal(openai), Contains("the key for acme: the variable OPENAI_API_KEY is not "
                                         "set; set it where the worker is started"));
    CHECK_THAT(refusal(settings_of({}, "anthropic"), {"ANTHROPIC_API_KEY="}),
               Contains("ANTHROPIC_API_KEY is not set"));
    CHECK_THAT(refusal(openai, {"OPENAI_API_KEY=s3cret\nX-Evil: 1"}),
               Contains("does not hold a key") && !Contains("s3cret"));

    ProviderTable table;
    table["acme"].api_key_env = "TEAM_KEY";
    CHECK(read_key(settings_of(table, "acme"), "acme", std::vector<std::string>{"TEAM_KEY=k"}) ==
          "k");
    CHECK_THAT(refusal(settings_of(table, "acme")), Contains("TEAM_KEY is not set"));
}

TEST_CASE("a provider that nobody knows may have no key, and a local one has none") {
    const std::vector<std::string> environment{"MY_BOX_API_KEY=k", "OLLAMA_API_KEY=k"};
    CHECK(read_key(settings_of({}, "my-box"), "my-box", environment) == "k");
    CHECK(read_key(settings_of({}, "my-box"), "my-box", {}).empty());
    CHECK(read_key(settings_of({}, "ollama"), "ollama", environment).empty());
}

TEST_CASE("a key file is for its owner alone") {
    const test_support::TemporaryFolder folder;
    const auto file = folder.path() / "key";
    std::ofstream(file) << "sk-file\n";
    ProviderTable table;
    table["acme"].api_key_file = file.string();
    const ProviderSettings settings = settings_of(table, "acme");
    std::filesystem::permissions(file, std::filesystem::perms(0640));
    CHECK_THAT(refusal(settings), Contains("may be read by others than its owner") &&
                                      Contains("chmod 600 " + file.string()) &&
                                      !Contains("sk-file"));
    std::filesystem::permissions(file, std::filesystem::perms(0600));
    CHECK(read_key(settings, "acme", {}) == "sk-file");
    std::ofstream(file) << "";
    CHECK_THAT(refusal(settings), Contains(file.string() + " is empty"));
    std::ofstream(file) << std::string(100'000, 'x');
    CHECK_THAT(refusal(settings), Contains("too large for a key"));
    std::filesystem::remove(file);
    CHECK_THAT(refusal(settings), Contains("opening " + file.string()));
    table["acme"].api_key_file = folder.path().string();
    CHECK_THAT(refusal(settings_of(table, "acme")), Contains("is no file"));
}

TEST_CASE("a key that a provider repeats is not shown") {
    CHECK(without_key("bad key sk-12345, sk-12345!", "sk-12345") == "bad key [key], [key]!");
    CHECK(without_key("abc", "") == "abc");
    CHECK(without_key("a a a", "a") == "a a a");
}
