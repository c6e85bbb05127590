// Runs one of the fleet's own machines inside the program that it describes: no row, no checkpoint.
// Its actions are functions of the program.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/base/logging.hpp"
#include "machines/definitions/own_machine.hpp"
#include "machines/expression/value.hpp"

namespace fleet::definitions {

/// Gets the machine's context, which it may change.
using Action = std::function<void(expression::Value& context)>;
using Actions = std::map<std::string, Action, std::less<>>;

/// Blocks until the machine has ended. Actions run one at a time, those of child machines on
/// threads of their own while the caller waits. Throws what an action threw, and base::ConfigError
/// when the machine itself failed (a template of an edited copy, for example). `id` is what its
/// hooks are told as execution.
void run_own_machine(const OwnMachine& machine, const Actions& actions, const std::string& id,
                     base::Log& log);

}  // namespace fleet::definitions
