// How a command joins the program, and how the program is run.
//
//   void add_wait_command(Commands& commands) {
//       CLI::App& app = commands.add("wait", Group::work, "waits until executions have ended",
//                                    {.description = "...", .examples = "  fleet wait --batch
//                                    b\n"});
//       auto options = std::make_shared<WaitOptions>();   // shared: the action is copied by CLI11
//       app.add_option("--batch", options->batch, "...");
//       commands.on(app, [options](CommandContext& context) { return wait(context, *options); });
//   }
//
// The action runs after the whole command line was parsed; what it returns is the exit code. Bad
// usage that only the action can see: throw UsageError.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/core/context.hpp"
#include "common/base/errors.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name
class App;
}

namespace fleet::cli {

/// Bad usage: printed like an error, exit 2.
class UsageError {
  public:
    explicit UsageError(std::string what_happened, std::string advice = {})
        : what_happened_(std::move(what_happened)), advice_(std::move(advice)) {}
    [[nodiscard]] const std::string& what_happened() const { return what_happened_; }
    /// Empty: "see `fleet COMMAND --help`" is printed instead.
    [[nodiscard]] const std::string& advice() const { return advice_; }

  private:
    std::string what_happened_;
    std::string advice_;
};

/// The headings of `fleet --help`.
enum class Group { work, seeing, running, care };

struct Help {
    std::string description;   ///< paragraphs, wrapped by hand under 80 columns
    std::string examples;      ///< lines indented by two spaces
    std::string exit_codes{};  ///< lines indented by two spaces; empty: 0 and 1, 2 as everywhere
};

using Action = std::function<int(CommandContext&)>;

/// The commands while the program is put together.
class Commands {
  public:
    explicit Commands(CLI::App& root) : root_(root) {}

    /// A new subcommand; `summary` is one line without a final stop.
    CLI::App& add(const std::string& name, Group group, const std::string& summary,
                  const Help& help);
    /// What the command does.
    void on(CLI::App& command, const Action& action);
    /// The command accepts `-- COMMAND [ARG...]`, found in CommandContext::command.
    void takes_command(CLI::App& command);

    [[nodiscard]] CLI::App& root() { return root_; }
    [[nodiscard]] const Action& chosen() const { return chosen_; }
    [[nodiscard]] bool may_take_command(const std::string& name) const;
    /// nullptr for a name that is no command's.
    [[nodiscard]] const Help* help(const std::string& name) const;

  private:
    struct Entry {
        Help help;
        bool takes_command = false;
    };

    CLI::App& root_;
    Action chosen_;
    std::map<std::string, Entry> entries_;
};

/// One of the functions of cli/commands.hpp.
using AddCommands = void (*)(Commands&);

/// The whole program: parses `arguments` (without the program's name), runs the command, prints
/// errors, returns the exit code. Throws nothing.
[[nodiscard]] int run_program(CommandContext& context, const std::vector<std::string>& arguments,
                              std::span<const AddCommands> adders);

}  // namespace fleet::cli
