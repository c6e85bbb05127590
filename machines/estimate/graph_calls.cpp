#include "machines/estimate/graph_calls.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace fleet::estimate {
namespace {

using engine::CompiledTransition;
using engine::Machine;
using engine::Program;
using engine::State;

std::optional<double> product(const std::optional<double>& a, const std::optional<double>& b) {
    if ((a && *a == 0) || (b && *b == 0)) {
        return 0;
    }
    return a && b ? std::optional(*a * *b) : std::nullopt;
}

std::optional<double> sum(const std::optional<double>& a, const std::optional<double>& b) {
    return a && b ? std::optional(*a + *b) : std::nullopt;
}

/// Where a run may go from each state.
struct Ways {
    std::vector<std::vector<std::size_t>> to;
    std::vector<bool> may_end;
};

Ways ways_of(const Machine& machine, bool with_errors) {
    Ways ways;
    for (const State& state : machine.states) {
        std::vector<std::size_t> to;
        bool goes_on = false;
        for (const CompiledTransition& transition : state.transitions) {
            if (state.is_final || goes_on || transition.kind == CompiledTransition::Kind::never) {
                continue;
            }
            to.push_back(transition.target);
            goes_on = transition.kind == CompiledTransition::Kind::always;
        }
        if (with_errors) {
            for (const config::ErrorRoute& route : state.definition->on_error) {
                if (const auto target = machine.find_state(route.state)) {
                    to.push_back(*target);
                }
            }
        }
        ways.to.push_back(std::move(to));
        ways.may_end.push_back(!goes_on);
    }
    return ways;
}

/// What can be reached from `from`, itself only if it lies on a way back; `without` is not entered.
std::vector<bool> reached(const Ways& ways, std::size_t from,
                          std::optional<std::size_t> without = std::nullopt) {
    std::vector<bool> seen(ways.to.size(), false);
    std::vector<std::size_t> open{from};
    while (!open.empty()) {
        const std::size_t at = open.back();
        open.pop_back();
        for (const std::size_t next : ways.to[at]) {
            if (!seen[next] && next != without) {
                seen[next] = true;
                open.push_back(next);
            }
        }
    }
    return seen;
}

bool can_avoid(const Ways& ways, std::size_t initial, std::size_t state) {
    if (initial == state) {
        return false;
    }
    std::vector<bool> seen = reached(ways, initial, state);
    seen[initial] = true;
    for (std::size_t at = 0; at < seen.size(); ++at) {
        if (seen[at] && ways.may_end[at]) {
            return true;
        }
    }
    return false;
}

std::optional<double> most_visits(const Ways& ways, std::size_t initial, std::size_t state,
                                  std::int64_t max_steps) {
    if (initial != state && !reached(ways, initial)[state]) {
        return 0;
    }
    if (!reached(ways, state)[state]) {
        return 1;
    }
    return max_steps > 0 ? std::optional(static_cast<double>(max_steps)) : std::nullopt;
}

/// Machines that a run may start again below itself.
std::set<std::size_t> recursive_machines(const Program& program) {
    const std::size_t count = program.machines().size();
    Ways ways;
    for (const Machine& machine : program.machines()) {
        std::vector<std::size_t> to;
        for (const State& state : machine.states) {
            for (const auto* calls : {&state.machines, &state.launches}) {
                for (const engine::CompiledCall& call : *calls) {
                    if (!call.failure) {
                        to.push_back(call.machine);
                    }
                }
            }
        }
        ways.to.push_back(std::move(to));
        ways.may_end.push_back(true);
    }
    std::set<std::size_t> result;
    for (std::size_t at = 0; at < count; ++at) {
        if (reached(ways, at)[at]) {
            result.insert(at);
        }
    }
    return result;
}

class Collector {
  public:
    explicit Collector(const Program& program)
        : program_(program), recursive_(recursive_machines(program)) {}

    void add(std::size_t index, const Bounds& runs) {
        const Machine& machine = program_.machines()[index];
        if (machine.definition->refusal || !open_.insert(index).second) {
            return;  // the machine that stands above it has no bound already
        }
        Bounds own = runs;
        if (recursive_.contains(index)) {
            own.most.reset();
            own.most_with_errors.reset();
        }
        const std::vector<Bounds> visits = visits_of(machine);
        for (std::size_t at = 0; at < machine.states.size(); ++at) {
            const State& state = machine.states[at];
            const Bounds here = own * visits[at];
            if (state.definition->agent) {
                Bounds& known = sites_[{index, at}];
                known = known + here;
            }
            for (const engine::CompiledCall& call : state.launches) {
                add_child(call, here);
            }
            for (const engine::CompiledCall& call : state.machines) {
                const bool for_each = state.definition->foreach.has_value();
                add_child(call, for_each ? here * Bounds{0, std::nullopt, std::nullopt} : here);
            }
        }
        open_.erase(index);
    }

    [[nodiscard]] std::vector<SiteRuns> result() const {
        std::vector<SiteRuns> all;
        for (const auto& [site, visits] : sites_) {
            all.push_back({site, visits});
        }
        return all;
    }

  private:
    void add_child(const engine::CompiledCall& call, const Bounds& runs) {
        if (!call.failure) {
            add(call.machine, runs);
        }
    }

    const Program& program_;
    const std::set<std::size_t> recursive_;
    std::set<std::size_t> open_;
    std::map<Site, Bounds> sites_;
};

/// Of a tool loop, with the call for its last words; nullopt when only a run knows it.
std::optional<double> most_turns(const config::ToolLoop& loop) {
    constexpr double kDefaultTurns = 20;
    const auto turns = loop.max_turns ? loop.max_turns->number : std::optional(kDefaultTurns);
    return turns ? std::optional(*turns + 1) : std::nullopt;
}

}  // namespace

Bounds operator*(const Bounds& a, const Bounds& b) {
    return {a.least * b.least, product(a.most, b.most),
            product(a.most_with_errors, b.most_with_errors)};
}

Bounds operator+(const Bounds& a, const Bounds& b) {
    return {a.least + b.least, sum(a.most, b.most), sum(a.most_with_errors, b.most_with_errors)};
}

std::vector<Bounds> visits_of(const Machine& machine) {
    const Ways without_errors = ways_of(machine, false);
    const Ways with_errors = ways_of(machine, true);
    const std::size_t initial = machine.definition->initial;
    std::vector<Bounds> visits;
    for (std::size_t at = 0; at < machine.states.size(); ++at) {
        Bounds bounds;
        bounds.most = most_visits(without_errors, initial, at, machine.max_steps);
        bounds.most_with_errors = most_visits(with_errors, initial, at, machine.max_steps);
        const bool is_passed = bounds.most != 0.0 && !can_avoid(without_errors, initial, at);
        bounds.least = is_passed ? 1 : 0;
        visits.push_back(bounds);
    }
    return visits;
}

Bounds calls_of_visit(const config::State& state, bool repairs) {
    constexpr double kDefaultTries = 5;  // one, and the four backoffs of the engine
    constexpr double kDefaultSamples = 3;
    constexpr double kDefaultMargin = 3;
    constexpr double kDefaultCandidates = 10;
    const auto number = [](const std::optional<std::int64_t>& stated, double otherwise) {
        return stated ? static_cast<double>(std::max<std::int64_t>(0, *stated)) : otherwise;
    };
    Bounds calls{1, 1, 1};
    const config::Execution once;
    const config::Execution& execution = state.execution ? *state.execution : once;
    switch (execution.type) {
        case config::ExecutionType::once:
            break;
        case config::ExecutionType::retry:
            calls.most_with_errors = execution.backoffs_s
                                         ? static_cast<double>(execution.backoffs_s->size() + 1)
                                         : kDefaultTries;
            break;
        case config::ExecutionType::parallel:
            calls.least = number(execution.n_samples, kDefaultSamples);
            calls.most = calls.most_with_errors = calls.least;
            break;
        case config::ExecutionType::mdap_voting:
            calls.most = calls.most_with_errors =
                number(execution.max_candidates, kDefaultCandidates);
            calls.least = std::min(number(execution.k_margin, kDefaultMargin), *calls.most);
            break;
    }
    if (state.tool_loop) {
        // A loop makes its own calls: neither strategy nor repair applies.
        return {1, most_turns(*state.tool_loop), most_turns(*state.tool_loop)};
    }
    if (repairs) {
        calls = calls * Bounds{1, 1, 2};
    }
    return calls;
}

std::vector<SiteRuns> sites_of(const Program& program, std::size_t entry) {
    Collector collector(program);
    collector.add(entry, {1, 1, 1});
    return collector.result();
}

}  // namespace fleet::estimate
