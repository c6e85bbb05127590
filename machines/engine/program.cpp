#include "machines/engine/program.hpp"

#include <algorithm>
#include <cmath>

#include "machines/engine/compile.hpp"
#include "machines/expression/errors.hpp"

namespace fleet::engine {
namespace {

Failure refusal_of(const config::Diagnostic& diagnostic) {
    FailureClass kind = FailureClass::config;
    std::string_view type = "ConfigError";
    switch (diagnostic.fault) {
        case config::Fault::config:
        case config::Fault::expression:
            break;
        case config::Fault::syntax:
            kind = FailureClass::yaml;
            type = "ParserError";
            break;
        case config::Fault::missing_file:
            kind = FailureClass::file_not_found;
            type = "FileNotFoundError";
            break;
    }
    return {kind, std::string(type), diagnostic.line(), {}};
}

}  // namespace

std::optional<std::size_t> Machine::find_state(std::string_view name) const {
    const auto found = std::ranges::find_if(
        states, [&](const State& state) { return state.definition->name == name; });
    if (found == states.end()) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - states.begin());
}

int Machine::stage_rank(std::string_view stage) const {
    const auto found = std::ranges::find(stages, stage);
    return found == stages.end() ? 0 : static_cast<int>(found - stages.begin());
}

std::shared_ptr<const Program> Program::compile(config::MachineBundle bundle,
                                                std::string config_hash) {
    return std::make_shared<const Program>(OwnKey{}, std::move(bundle), std::move(config_hash));
}

Program::Program(OwnKey /*key*/, config::MachineBundle bundle, std::string config_hash)
    : bundle_(std::move(bundle)), config_hash_(std::move(config_hash)) {
    machines_.reserve(bundle_.machines.size());
    for (const config::MachineDefinition& definition : bundle_.machines) {
        machines_.push_back(compile_machine(definition));
        machines_.back().index = machines_.size() - 1;
    }
}

std::optional<Failure> Program::refusal(std::size_t machine) const {
    const auto& refusal = bundle_.machines.at(machine).refusal;
    if (!refusal) {
        return std::nullopt;
    }
    return refusal_of(*refusal);
}

}  // namespace fleet::engine
