#include "tests/conformance/stub_ops.hpp"

#include <optional>
#include <utility>

#include "common/base/errors.hpp"
#include "machines/calls/hooks.hpp"
#include "machines/expression/print.hpp"
#include "tests/conformance/stub_errors.hpp"

namespace fleet::conformance {
namespace {

using expression::Dict;
using expression::List;
using expression::Value;

Value member_or_null(const Value& object, std::string_view key) {
    const Value* const found = object.find(key);
    return found == nullptr ? Value() : *found;
}

void increment(Value& context, const Value& op) {
    const std::string key = text_of(op, "key");
    const Value* const found = context.find(key);
    const Value before = found == nullptr ? Value::integer(0) : *found;
    const Value* const given = op.find("by");
    const Value by = given == nullptr ? Value::integer(1) : *given;
    if (!before.is_number() || !by.is_number()) {
        raise("TypeError", "only numbers can be incremented");
    }
    if (before.is_integral() && by.is_integral()) {
        context.set(key, Value::integer(before.as_integer() + by.as_integer()));
    } else {
        context.set(key, Value::floating(before.as_floating() + by.as_floating()));
    }
}

void append(Value& context, const Value& op) {
    const std::string key = text_of(op, "key");
    const Value* const found = context.find(key);
    List items = found != nullptr && found->is_list_like() ? found->as_list() : List{};
    items.push_back(member_or_null(op, "value"));
    context.set(key, Value::list(std::move(items)));
}

Value chosen(const Value& object, const Value& keys) {
    Dict members;
    if (keys.is_list_like()) {
        for (const Value& key : keys.as_list()) {
            const std::string name = expression::plain_text(key);
            if (const Value* const found = object.find(name)) {
                members.set(name, *found);
            }
        }
    }
    return Value::dict(std::move(members));
}

void copy_metadata(Value& context, const Value& op) {
    const Value machine = member_or_null(context, "machine");
    Dict members;
    for (const Value& field : member_or_null(op, "fields").as_list()) {
        const std::string name = expression::plain_text(field);
        members.set(name, member_or_null(machine, name));
    }
    context.set(text_of(op, "key"), Value::dict(std::move(members)));
}

void fail(const Value& op, const OpScope& scope, StubState& state) {
    if (const Value* const times = op.find("times"); times != nullptr && times->is_integral()) {
        state.note_counter_used();
        if (state.next_failure(scope.hooks, scope.action) > times->as_integer()) {
            return;
        }
    }
    raise(op);
}

/// What replaces the context at once, for `return`.
std::optional<Value> run_op(const Value& op, Value& context, const OpScope& scope,
                            StubState& state) {
    const std::string name = text_of(op, "op");
    if (name == "increment") {
        increment(context, op);
    } else if (name == "append") {
        append(context, op);
    } else if (name == "set") {
        context.set(text_of(op, "key"), member_or_null(op, "value"));
    } else if (name == "delete") {
        context.erase(text_of(op, "key"));
    } else if (name == "copy") {
        context.set(text_of(op, "to"), member_or_null(context, text_of(op, "from")));
    } else if (name == "echo") {
        Dict seen;
        seen.set("action", Value::string(scope.action));
        seen.set("state", Value::string(scope.machine_state));
        context.set(text_of(op, "key"), Value::dict(std::move(seen)));
    } else if (name == "meta") {
        copy_metadata(context, op);
    } else if (name == "partial") {
        context = chosen(context, member_or_null(op, "keys"));
    } else if (name == "return") {
        return member_or_null(op, "value");
    } else if (name == "fail") {
        fail(op, scope, state);
    } else if (name != "sleep") {
        throw base::ConfigError("the stub hooks have no op `" + name + "`");
    }
    return std::nullopt;
}

}  // namespace

Value run_ops(const Value& ops, Value context, const OpScope& scope, StubState& state) {
    if (!ops.is_list_like()) {
        return context;
    }
    for (const Value& op : ops.as_list()) {
        try {
            if (auto returned = run_op(op, context, scope, state)) {
                return *std::move(returned);
            }
        } catch (const calls::CallError& error) {
            // The ops before it have changed the context in place.
            throw calls::CallError(error.type(), error.what(), context);
        }
    }
    return context;
}

}  // namespace fleet::conformance
