#include "cli/machine/load.hpp"

#include <filesystem>
#include <string_view>

#include <system_error>

#include "common/base/errors.hpp"
#include "machines/calls/hook_table.hpp"
#include "machines/definitions/built_in.hpp"
#include "machines/engine/expression_checks.hpp"

namespace fleet::cli {

config::LoadResult load_machine_file(const CommandContext& context, const std::string& file) {
    constexpr std::string_view kBuiltIn = "builtin:";
    if (file.starts_with(kBuiltIn)) {
        return definitions::load_built_in(std::string_view(file).substr(kBuiltIn.size()));
    }
    std::error_code error;
    const bool is_here = context.directory == std::filesystem::current_path(error);
    if (is_here || std::filesystem::path(file).is_absolute()) {
        return config::load_machine(file, {}, engine::check_expressions);
    }
    config::LoadResult result =
        config::load_machine(context.directory / file, {}, engine::check_expressions);
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

std::optional<config::Node> hooks_beside(CommandContext& context,
                                         const std::filesystem::path& folder) {
    const auto file = folder / "hooks.yml";
    const auto hooks = calls::read_hook_file(file, calls::OtherMembers::refused);
    for (const config::Diagnostic& one : hooks.diagnostics) {
        context.err << one.line() << '\n';
    }
    if (!hooks.table) {
        throw base::ConfigError("the table of hooks beside the machine is wrong: " + file.string(),
                                "mend it; nothing was kept");
    }
    return hooks.table->empty() ? std::nullopt : std::optional(calls::stored_hooks(*hooks.table));
}

}  // namespace fleet::cli
