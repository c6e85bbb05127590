// One of the fleet's own machines with actions that only note their names and set what the test
// says.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/logging.hpp"
#include "machines/definitions/own_run.hpp"

namespace fleet::definitions_test {

using expression::Value;

class Scripted {
  public:
    using Step = std::function<void(Value& context)>;

    /// What the action does the next time; without a step it sets nothing.
    Scripted& on(const std::string& action, Step step) {
        steps_[action].push_back(std::move(step));
        return *this;
    }
    Scripted& on(const std::string& action, const std::string& key, Value value) {
        return on(action, [key, value](Value& context) { context.set(key, value); });
    }

    /// Runs the machine to its end; the names of the actions in their order.
    std::vector<std::string> run(const definitions::OwnMachine& machine,
                                 const std::vector<std::string_view>& actions) {
        definitions::Actions table;
        for (const std::string_view name : actions) {
            table.emplace(name, [this, key = std::string(name)](Value& context) {
                called_.push_back(key);
                auto& left = steps_[key];
                if (!left.empty()) {
                    const Step step = std::move(left.front());
                    left.pop_front();
                    step(context);
                }
            });
        }
        base::Log log("test", base::LogLevel::off);
        definitions::run_own_machine(machine, table, "run-1", log);
        return called_;
    }

  private:
    std::map<std::string, std::deque<Step>> steps_;
    std::vector<std::string> called_;
};

inline Value text(const std::string& value) {
    return Value::string(value);
}
inline Value number(std::int64_t value) {
    return Value::integer(value);
}

/// {"KEY": "one"}, {"KEY": "two"}, ...
inline Value objects(const std::string& key, const std::vector<std::string>& values) {
    expression::List list;
    for (const std::string& value : values) {
        Value object = Value::dict({});
        object.set(key, text(value));
        list.push_back(std::move(object));
    }
    return Value::list(std::move(list));
}

}  // namespace fleet::definitions_test
