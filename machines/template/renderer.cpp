// Evaluates a parsed template.
#include "machines/template/renderer.hpp"

#include <algorithm>
#include <optional>

#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"
#include "machines/expression/utf8.hpp"
#include "machines/template/loop.hpp"
#include "machines/template/node.hpp"
#include "machines/template/sequence.hpp"

namespace fleet::templates {

using expression::Dict;
using expression::ErrorKind;
using expression::fail;
using expression::Kind;
using expression::List;
using expression::Value;

std::string Renderer::run() {
    render(body_.statements);
    return std::move(out_);
}

void Renderer::append(std::string_view text) {
    if (out_.size() + text.size() > limits_.output_bytes) {
        fail(ErrorKind::limit,
             "the template prints more than " + std::to_string(limits_.output_bytes) + " bytes");
    }
    charge(text.size());
    out_ += text;
}

void Renderer::print(const Value& value) {
    if (value.is_string()) {
        append(value.as_string());
    } else if (body_.mode == Mode::config && (value.is(Kind::list) || value.is_dict())) {
        append(expression::spaced_json(value));
    } else {
        append(expression::plain_text(value));
    }
}

void Renderer::render(const Block& block) {
    for (const Statement& statement : block) {
        offset_ = statement.offset;
        render(statement);
    }
}

void Renderer::render(const Statement& statement) {
    switch (statement.type) {
        case Statement::Type::text:
            append(statement.text);
            break;
        case Statement::Type::output:
            print(evaluate(*statement.expressions[0]));
            break;
        case Statement::Type::condition:
            render_condition(statement);
            break;
        case Statement::Type::loop:
            render_loop(statement);
            break;
        case Statement::Type::set:
            assign(statement.targets[0], evaluate(*statement.expressions[0]));
            break;
        case Statement::Type::set_block: {
            Value text = captured(statement.blocks[0]);
            if (statement.expressions[0] != nullptr) {
                text = filtered(*statement.expressions[0], std::move(text));
            }
            assign(statement.targets[0], text);
            break;
        }
        case Statement::Type::with: {
            const std::size_t outer = open_frame();
            for (std::size_t i = 0; i < statement.targets.size(); ++i) {
                assign(statement.targets[i], evaluate(*statement.expressions[i]));
            }
            render(statement.blocks[0]);
            close_frame(outer);
            break;
        }
        case Statement::Type::filter:
            print(filtered(*statement.expressions[0], captured(statement.blocks[0])));
            break;
    }
}

void Renderer::render_condition(const Statement& statement) {
    for (std::size_t i = 0; i < statement.expressions.size(); ++i) {
        if (expression::truthy(evaluate(*statement.expressions[i]))) {
            render(statement.blocks[i]);
            return;
        }
    }
    if (statement.blocks.size() > statement.expressions.size()) {
        render(statement.blocks.back());
    }
}

void Renderer::render_loop(const Statement& statement) {
    List items = items_of(evaluate(*statement.expressions[0]));
    const Target& target = statement.targets[0];
    if (statement.expressions[1] != nullptr) {
        List chosen;
        for (Value& item : items) {
            count_iteration();
            const std::size_t outer = open_frame();
            assign(target, item);
            const bool wanted = expression::truthy(evaluate(*statement.expressions[1]));
            close_frame(outer);
            if (wanted) {
                chosen.push_back(std::move(item));
            }
        }
        items = std::move(chosen);
    }
    if (items.empty()) {
        if (statement.blocks.size() > 1) {
            const std::size_t outer = open_frame();
            render(statement.blocks[1]);
            close_frame(outer);
        }
        return;
    }
    ++loop_depth_;
    const auto shared = std::make_shared<LoopState>();
    shared->items = std::move(items);
    shared->depth = loop_depth_;
    for (std::size_t at = 0; at < shared->items.size(); ++at) {
        count_iteration();
        const std::size_t outer = open_frame();
        assign(target, shared->items[at]);
        if (body_.uses_loop) {
            locals_.emplace_back(body_.loop_name,
                                 Value::object(std::make_shared<Loop>(shared, at)));
        }
        render(statement.blocks[0]);
        close_frame(outer);
    }
    --loop_depth_;
}

void Renderer::count_iteration() {
    if (++iterations_ > limits_.iterations) {
        fail(ErrorKind::limit,
             "the template's loops run more than " + std::to_string(limits_.iterations) + " times");
    }
}

void Renderer::charge(std::size_t work) {
    work_ += work;
    if (work_ > limits_.work) {
        fail(ErrorKind::limit, "the template makes more than " + std::to_string(limits_.work) +
                                   " characters and elements on its way");
    }
}

Value Renderer::charged(Value made) {
    if (made.is_string()) {
        charge(made.as_string().size());
    } else if (made.is_list_like()) {
        charge(made.as_list().size());
    } else if (made.is_dict()) {
        charge(made.as_dict().size());
    } else if (made.is(Kind::big_integer)) {
        charge(made.weight());
    }
    return made;
}

Value Renderer::captured(const Block& block) {
    std::string outer = std::move(out_);
    out_.clear();
    const std::size_t frame = open_frame();
    render(block);
    close_frame(frame);
    std::swap(outer, out_);
    return Value::string(std::move(outer));
}

Value Renderer::filtered(const Expr& filters, Value text) {
    const std::size_t outer = open_frame();
    locals_.emplace_back(body_.buffer_name, std::move(text));
    Value result = evaluate(filters);
    close_frame(outer);
    return result;
}

std::size_t Renderer::open_frame() {
    const std::size_t outer = frame_;
    frame_ = locals_.size();
    return outer;
}

void Renderer::close_frame(std::size_t outer) {
    locals_.resize(frame_);
    frame_ = outer;
}

const Value* Renderer::find(std::size_t id) {
    for (std::size_t at = locals_.size(); at > 0; --at) {
        const auto& [known, value] = locals_[at - 1];
        if (known == id) {
            return &value;
        }
    }
    if (!roots_[id]) {
        const Value* given = variables_.find(body_.names[id]);
        if (given == nullptr) {
            return nullptr;
        }
        roots_[id] = *given;
    }
    return &*roots_[id];
}

void Renderer::store(std::size_t id, Value value) {
    for (std::size_t at = locals_.size(); at > frame_; --at) {
        if (locals_[at - 1].first == id) {
            locals_[at - 1].second = std::move(value);
            return;
        }
    }
    locals_.emplace_back(id, std::move(value));
}

void Renderer::assign(const Target& target, const Value& value) {
    if (!target.member.empty()) {
        const Value* owner = find(target.names[0]);
        const auto* space = owner != nullptr && owner->is(Kind::object)
                                ? dynamic_cast<const Namespace*>(owner->as_object().get())
                                : nullptr;
        if (space == nullptr) {
            fail(ErrorKind::type, "`" + body_.names[target.names[0]] +
                                      "` is no namespace; only their members can be set");
        }
        space->set(target.member, value);
        return;
    }
    if (!target.unpack) {
        store(target.names[0], value);
        return;
    }
    expression::require_defined(value);
    const List parts = items_of(value);
    if (parts.size() != target.names.size()) {
        fail(ErrorKind::value, std::to_string(parts.size()) + " values for " +
                                   std::to_string(target.names.size()) + " names");
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
        store(target.names[i], parts[i]);
    }
}

/// What a method changed is stored where it came from, for the rest of this rendering; the values
/// that the rendering was given do not change.
void Renderer::write_back(const Expr& place, Value value) {
    if (place.type == Expr::Type::name) {
        for (std::size_t at = locals_.size(); at > 0; --at) {
            auto& [known, stored] = locals_[at - 1];
            if (known == place.id) {
                stored = std::move(value);
                return;
            }
        }
        roots_[place.id] = std::move(value);
        return;
    }
    if (place.type != Expr::Type::member && place.type != Expr::Type::subscript) {
        return;
    }
    const Value owner = evaluate(*place.operands[0]);
    const Value key = place.type == Expr::Type::member ? place.value : evaluate(*place.operands[1]);
    if (owner.is_dict()) {
        Dict members = owner.as_dict();
        members.set(key, std::move(value));
        write_back(*place.operands[0], Value::dict(std::move(members)));
    } else if (owner.is(Kind::list) && key.is_integral()) {
        List items = owner.as_list();
        const auto size = static_cast<std::int64_t>(items.size());
        const std::int64_t at = key.as_integer() < 0 ? key.as_integer() + size : key.as_integer();
        if (at >= 0 && at < size) {
            items[static_cast<std::size_t>(at)] = std::move(value);
            write_back(*place.operands[0], Value::list(std::move(items)));
        }
    } else if (owner.is(Kind::object) && key.is_string()) {
        if (const auto* space = dynamic_cast<const Namespace*>(owner.as_object().get())) {
            space->set(key.as_string(), value);
        }
    }
}

std::string Template::render(const Variables& variables, const Limits& limits) const {
    Renderer renderer(*body_, variables, limits);
    try {
        return renderer.run();
    } catch (const expression::EvaluationError& failure) {
        throw expression::EvaluationError(
            failure.kind(), "template `" + expression::excerpt(body_->source) + "`, " +
                                expression::position_in(body_->source, renderer.offset()) + ": " +
                                failure.what());
    }
}

Template Template::parse(std::string_view text, Mode mode) {
    return Template(parse_template(text, mode));
}

}  // namespace fleet::templates
