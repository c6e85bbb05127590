// Writes the fleet's own machines as C++: `embed_machines OUT.cpp FILE.yml...`. A part of the
// build; it refuses a file with anything wrong in it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "common/base/errors.hpp"
#include "machines/config/document.hpp"
#include "machines/config/machine_bundle.hpp"

namespace {

using namespace fleet;

std::string literal(const std::string& text) {
    return "R\"machine(" + text + ")machine\"";
}

/// False: something is wrong with it, which was said.
bool write_one(const std::filesystem::path& file, std::ostream& out) {
    const config::LoadResult loaded = config::load_machine(file);
    for (const config::Diagnostic& one : loaded.diagnostics) {
        std::cerr << one.line() << '\n';
    }
    if (!loaded.diagnostics.empty() || !loaded.bundle) {
        return false;
    }
    out << "    {\"" << file.stem().string() << "\",\n"
        << literal(config::read_text(file).value()) << ",\n"
        << literal(config::canonical_text(*loaded.bundle)) << "},\n";
    return true;
}

int run(const std::vector<std::string>& arguments) {
    std::vector<std::filesystem::path> files(arguments.begin() + 1, arguments.end());
    std::ranges::sort(files);
    std::ofstream out(arguments.front());
    out << "// Generated from machines/definitions; not to be edited.\n"
           "#include <array>\n\n"
           "#include \"machines/definitions/built_in.hpp\"\n\n"
           "namespace fleet::definitions {\n"
           "namespace {\n\n"
        << "constexpr std::array<BuiltIn, " << files.size() << "> kBuiltIns{{\n";
    for (const std::filesystem::path& file : files) {
        if (!write_one(file, out)) {
            return 1;
        }
    }
    out << "}};\n\n"
           "}  // namespace\n\n"
           "std::span<const BuiltIn> built_ins() {\n"
           "    return kBuiltIns;\n"
           "}\n\n"
           "}  // namespace fleet::definitions\n";
    out.close();
    return out.good() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: embed_machines OUT.cpp FILE.yml...\n";
        return 2;
    }
    try {
        return run(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const std::exception& error) {
        std::cerr << "embed_machines: " << error.what() << '\n';
        return 1;
    }
}
