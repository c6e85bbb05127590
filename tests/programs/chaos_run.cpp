// The chaos for as long as one likes: ./dev chaos --minutes N [--seed S]
//
// Prints a line now and then and one table at the end. Exit 0: every rule was kept; 1: one was
// broken, and it says which, with the ids and where the box's folder is; 2: bad usage.
#include <charconv>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <random>
#include <string_view>

#include "tests/chaos/engine.hpp"

namespace {

using namespace fleet;

template <typename Number>
std::optional<Number> parse(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                    : std::nullopt;
}

int run(double minutes, std::uint64_t seed) {
    chaos::EngineOptions options;
    options.seed = seed;
    options.time = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double, std::ratio<60>>(minutes));
    options.least_commands = 10;
    options.most_commands = 1'500;
    options.most_noops = 50'000;
    options.say = [](const std::string& line) { std::cout << line << std::endl; };
    std::cout << "chaos for " << minutes << " minutes, seed " << seed << std::endl;
    chaos::Engine engine(options);
    const chaos::Tally& tally = engine.run();
    std::cout << "\nchaos with seed " << seed << '\n';
    chaos::print(std::cout, tally);
    return tally.all_kept() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::optional<double> minutes;
    std::optional<std::uint64_t> seed = std::random_device{}();
    bool usage = argc % 2 == 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (std::string_view(argv[i]) == "--minutes") {
            minutes = parse<double>(argv[i + 1]);
        } else if (std::string_view(argv[i]) == "--seed") {
            seed = parse<std::uint64_t>(argv[i + 1]);
        } else {
            usage = true;
        }
    }
    if (usage || !minutes || *minutes <= 0 || !seed) {
        std::cerr << "usage: chaos_run --minutes N [--seed S]\n";
        return 2;
    }
    try {
        return run(*minutes, *seed);
    } catch (const std::exception& error) {
        std::cerr << "chaos_run: " << error.what() << std::endl;
        return 1;
    }
}
