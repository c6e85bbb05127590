#include "cli/machine/load.hpp"

#include <filesystem>
#include <string_view>
#include <utility>

#include <system_error>

#include "common/base/errors.hpp"
#include "machines/agents/machine_agents.hpp"
#include "machines/calls/hook_table.hpp"
#include "machines/definitions/built_in.hpp"
#include "machines/engine/expression_checks.hpp"

namespace fleet::cli {

LoadedFile load_machine_file(const CommandContext& context, const std::string& file) {
    constexpr std::string_view kBuiltIn = "builtin:";
    if (file.starts_with(kBuiltIn)) {
        config::LoadResult result =
            definitions::load_built_in(std::string_view(file).substr(kBuiltIn.size()));
        return {std::move(result.diagnostics), std::move(result.bundle)};
    }
    std::error_code error;
    const bool is_here = context.directory == std::filesystem::current_path(error);
    const bool is_as_typed = is_here || std::filesystem::path(file).is_absolute();
    auto [machine, has_agent_errors] = agents::load_machine_with_agents(
        is_as_typed ? std::filesystem::path(file) : context.directory / file,
        engine::check_expressions);
    const std::string folder = (context.directory / "").lexically_normal().string();
    const auto shorten = [&folder](std::string& text) {
        for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder, at)) {
            text.erase(at, folder.size());
        }
    };
    for (config::Diagnostic& one : machine.diagnostics) {
        if (!is_as_typed) {
            shorten(one.file);
            shorten(one.message);
        }
    }
    const bool would_fail = has_agent_errors || config::has_expression_errors(machine.diagnostics);
    return {std::move(machine.diagnostics), std::move(machine.bundle), would_fail};
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
