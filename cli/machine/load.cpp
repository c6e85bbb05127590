#include "cli/machine/load.hpp"

#include <filesystem>
#include <string_view>

#include <system_error>

#include "machines/definitions/built_in.hpp"

namespace fleet::cli {

config::LoadResult load_machine_file(const CommandContext& context, const std::string& file) {
    constexpr std::string_view kBuiltIn = "builtin:";
    if (file.starts_with(kBuiltIn)) {
        return definitions::load_built_in(std::string_view(file).substr(kBuiltIn.size()));
    }
    std::error_code error;
    const bool is_here = context.directory == std::filesystem::current_path(error);
    if (is_here || std::filesystem::path(file).is_absolute()) {
        return config::load_machine(file);
    }
    config::LoadResult result = config::load_machine(context.directory / file);
    const std::string folder = (context.directory / "").lexically_normal().string();
    const auto shorten = [&folder](std::string& text) {
        for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder, at)) {
            text.erase(at, folder.size());
        }
    };
    for (config::Diagnostic& one : result.diagnostics) {
        shorten(one.file);
        shorten(one.message);
    }
    return result;
}

}  // namespace fleet::cli
