// replay_NAME FOLDER...: runs a fuzz target over the seeds in folders. Exit code 0 when all were
// handled, 1 when one was not or there are none, 2 for wrong use; a broken property aborts after
// the seed's name was printed.
#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/target.hpp"

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

bool replay(const fs::path& seed) {
    std::cout << seed.string() << std::endl;
    try {
        fleet::fuzz::run(read(seed));
        return true;
    } catch (const std::exception& failure) {
        std::cerr << seed.string() << ": " << failure.what() << std::endl;
        return false;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: replay_NAME FOLDER...\n";
        return 2;
    }
    std::vector<fs::path> seeds;
    for (const std::string& folder : std::vector<std::string>(argv + 1, argv + argc)) {
        for (const auto& entry : fs::directory_iterator(folder)) {
            seeds.push_back(entry.path());
        }
    }
    std::ranges::sort(seeds);
    const auto refused =
        std::ranges::count_if(seeds, [](const auto& seed) { return !replay(seed); });
    std::cout << seeds.size() << " seeds, " << refused << " not handled" << std::endl;
    return seeds.empty() || refused != 0 ? 1 : 0;
}
