// Which folder may include which: the layers of docs/architecture.md as a table.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/architecture/source_tree.hpp"
#include "tests/support/folders.hpp"

using fleet::architecture::all_sources;
using fleet::architecture::SourceFile;
using fleet::architecture::Violations;

namespace {

struct Layer {
    std::string_view folder;
    std::vector<std::string_view> may_include;  ///< besides itself
};

/// The first layer that holds a file counts, so a folder stands before the one around it.
const std::vector<Layer>& layers() {
    static const std::vector<Layer> table = {
        {"common/base", {}},
        {"common/model", {"common/base"}},
        {"common/pace", {"common/base", "common/model"}},
        {"common/contracts", {"common/base", "common/model", "common/pace"}},
        {"common/store/memory", {"common/base", "common/model", "common/pace", "common/contracts"}},
        {"common/store/sqlite", {"common/base", "common/model", "common/pace", "common/contracts"}},
        {"common/store",
         {"common/base", "common/model", "common/pace", "common/contracts", "common/store/memory",
          "common/store/sqlite"}},
        {"common/process", {"common/base", "common/model", "common/contracts"}},
        {"machines/expression", {"common/base"}},
        {"machines/template", {"common/base", "machines/expression"}},
        {"machines/config", {"common/base", "machines/expression", "machines/template"}},
        {"machines/cel", {"common/base", "machines/expression"}},
        {"machines/limits", {"common/base", "common/model"}},
        {"machines/http", {"common/base"}},
        {"machines/calls",
         {"common", "machines/expression", "machines/template", "machines/config",
          "machines/http"}},
        {"machines/agents",
         {"common", "machines/expression", "machines/template", "machines/config", "machines/calls",
          "machines/limits", "machines/http"}},
        {"machines/fleet_file",
         {"common", "machines/config", "machines/calls", "machines/limits", "machines/agents",
          "machines/http"}},
        {"machines/engine", {"common", "machines"}},
        {"machines/definitions", {"common", "machines"}},
        {"machines/estimate", {"common", "machines"}},
        {"machines/family", {"common", "machines"}},
        {"worker", {"common", "machines"}},
        {"scaler", {"common", "machines"}},
        {"coordinator", {"common", "machines", "scaler"}},
        {"cli", {"common", "machines", "worker", "scaler", "coordinator"}},
        {"bench", {"common", "machines", "worker", "scaler", "coordinator", "cli"}},
        {"tests", {"common", "machines", "worker", "scaler", "coordinator", "cli"}},
    };
    return table;
}

bool is_below(std::string_view path, std::string_view folder) {
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

const Layer* layer_of(std::string_view path) {
    const auto found = std::ranges::find_if(
        layers(), [&](const Layer& layer) { return is_below(path, layer.folder); });
    return found == layers().end() ? nullptr : &*found;
}

/// Files that stand above all libraries, or beside them as tests do.
bool may_name_an_implementation(const SourceFile& file) {
    return file.name() == "main.cpp" || file.path == "common/store/open.cpp" ||
           file.is_in("tests") || file.is_in("bench");
}

/// A library, by how its headers begin, and where they may be included.
struct Library {
    std::string_view prefix;
    std::vector<std::string_view> folders;         ///< in sources of these
    std::vector<std::string_view> header_folders;  ///< in headers of these
};

const std::vector<Library>& libraries() {
    static const std::vector<Library> table = {
        {"nlohmann/json_fwd.hpp", {"common"}, {"common/base", "common/model"}},
        {"nlohmann/", {"common/base"}, {"common/base"}},
        {"spdlog/", {"common/base"}, {}},
        {"fmt/", {"common/base"}, {}},
        {"sqlite3",
         {"common/store/sqlite", "machines/family", "tests", "bench"},
         {"common/store/sqlite", "bench"}},
        {"sodium", {"common/store/sqlite", "common/base"}, {}},
        {"yaml-cpp/", {"machines/config"}, {}},
        {"curl/", {"machines/http"}, {"machines/http"}},
        {"re2/", {"machines/cel", "machines/engine"}, {}},
        {"CLI/", {"cli", "coordinator", "worker", "scaler"}, {}},
        {"boost/process", {"common/process"}, {}},
        {"boost/beast", {"tests"}, {"tests"}},
        {"boost/asio", {"coordinator", "worker", "scaler", "tests"}, {"tests"}},
        {"boost/multiprecision", {"machines/expression"}, {}},
        {"boost/", {"common/process", "coordinator", "worker", "scaler"}, {}},
        {"catch2/", {"tests"}, {"tests"}},
        {"rapidcheck", {"tests"}, {"tests"}},
    };
    return table;
}

}  // namespace

TEST_CASE("folders include only the layers below them") {
    Violations violations;
    for (const SourceFile& file : all_sources()) {
        const Layer* from = layer_of(file.path);
        if (from == nullptr) {
            violations.add(file, 1, "is in no layer; add its folder to the table in this test");
            continue;
        }
        if (file.name() == "main.cpp" || file.path == "common/store/open.cpp") {
            continue;
        }
        for (const auto& include : file.includes) {
            if (!include.quoted) {
                continue;
            }
            const bool allowed =
                is_below(include.target, from->folder) ||
                std::ranges::any_of(from->may_include, [&](std::string_view folder) {
                    return is_below(include.target, folder);
                });
            if (!allowed) {
                violations.add(file, include.line,
                               std::string(from->folder) + " must not include " + include.target);
            }
        }
    }
    violations.require_none("include directions");
}

TEST_CASE("project includes are rooted at the repository and exist") {
    Violations violations;
    for (const SourceFile& file : all_sources()) {
        for (const auto& include : file.includes) {
            if (include.target.starts_with(".")) {
                violations.add(file, include.line, "climbing include " + include.target);
            } else if (include.quoted && !std::filesystem::exists(
                                             fleet::test_support::source_dir() / include.target)) {
                violations.add(file, include.line, "there is no file " + include.target);
            }
        }
    }
    violations.require_none("includes are written from the repository's root");
}

TEST_CASE("only open.cpp, the main.cpp files, benchmarks and tests name a store's implementation") {
    Violations violations;
    for (const SourceFile& file : all_sources()) {
        const bool is_implementation =
            file.is_in("common/store/memory") || file.is_in("common/store/sqlite");
        if (is_implementation || may_name_an_implementation(file)) {
            continue;
        }
        for (const auto& include : file.includes) {
            if (is_below(include.target, "common/store/memory") ||
                is_below(include.target, "common/store/sqlite")) {
                violations.add(file, include.line, "includes the implementation " + include.target);
            }
        }
        for (std::size_t i = 0; i < file.code.size(); ++i) {
            for (const std::string_view name : {"store::memory", "store::sqlite"}) {
                if (file.code[i].find(name) != std::string::npos) {
                    violations.add(file, i + 1, "names " + std::string(name));
                }
            }
        }
    }
    violations.require_none("code above the store works against the contracts");
}

TEST_CASE("the headers of libraries stay inside the adapters that use them") {
    Violations violations;
    for (const SourceFile& file : all_sources()) {
        for (const auto& include : file.includes) {
            const auto library = std::ranges::find_if(libraries(), [&](const Library& candidate) {
                return !include.quoted && include.target.starts_with(candidate.prefix);
            });
            if (library == libraries().end()) {
                continue;
            }
            const auto& folders = file.is_header() ? library->header_folders : library->folders;
            if (std::ranges::none_of(folders,
                                     [&](std::string_view folder) { return file.is_in(folder); })) {
                violations.add(file, include.line,
                               "<" + include.target + "> belongs into its adapter's " +
                                   (file.is_header() ? "sources" : "folder"));
            }
        }
    }
    violations.require_none("libraries are wrapped once");
}

TEST_CASE("headers do not pull in the json library") {
    Violations violations;
    for (const SourceFile& file : all_sources()) {
        for (const auto& include : file.includes) {
            if (file.is_header() && !file.is_in("tests") && include.quoted &&
                include.target == "common/base/json.hpp") {
                violations.add(file, include.line, "include it in the .cpp file");
            }
        }
    }
    violations.require_none("common/base/json.hpp is for .cpp files");
}

TEST_CASE("contracts and model include the standard library and the project only") {
    Violations violations;
    for (const SourceFile& file : all_sources()) {
        if (!file.is_header() || !(file.is_in("common/contracts") || file.is_in("common/model"))) {
            continue;
        }
        for (const auto& include : file.includes) {
            const bool library =
                !include.quoted && include.target.find_first_of("/.") != std::string::npos &&
                include.target != "nlohmann/json_fwd.hpp" && !include.target.starts_with("sys/");
            if (library) {
                violations.add(file, include.line, "includes <" + include.target + ">");
            }
        }
    }
    violations.require_none("no library's header inside a contract");
}
