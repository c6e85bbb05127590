#include "machines/template/render_value.hpp"

#include <algorithm>
#include <array>

#include "machines/expression/literals.hpp"

namespace fleet::templates {

using expression::Dict;
using expression::Kind;
using expression::List;
using expression::Value;

struct Piece {
    enum class Type { constant, path, text, list, dict };
    Type type = Type::constant;
    Value constant{};
    std::vector<std::string> path{};
    std::vector<Template> text{};  ///< one, for a text
    std::vector<Value> keys{};
    std::vector<Piece> children{};
};

namespace {

constexpr std::string_view kBlanks = " \t\n\r\f\v";

/// The names of a bare path; empty if the text is none.
std::vector<std::string> bare_path(std::string_view text, std::string_view item) {
    static constexpr std::array<std::string_view, 3> kRoots{"output", "context", "input"};
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    text = text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
    std::vector<std::string> names;
    while (true) {
        const std::size_t end = std::min(text.find('.'), text.size());
        const std::string_view name = text.substr(0, end);
        if (name.empty() || !expression::begins_name(name[0]) ||
            !std::ranges::all_of(name, expression::continues_name)) {
            return {};
        }
        names.emplace_back(name);
        if (end == text.size()) {
            break;
        }
        text.remove_prefix(end + 1);
    }
    const bool rooted =
        std::ranges::find(kRoots, names[0]) != kRoots.end() || (!item.empty() && names[0] == item);
    return rooted ? names : std::vector<std::string>();
}

bool is_template(const std::string& text) {
    return text.find("{{") != std::string::npos || text.find("{%") != std::string::npos;
}

Piece parse_text(const Value& config, std::string_view item, bool paths) {
    const std::string& text = config.as_string();
    Piece piece;
    if (is_template(text)) {
        piece.type = Piece::Type::text;
        piece.text.push_back(Template::parse(text, Mode::config));
        return piece;
    }
    piece.path = paths ? bare_path(text, item) : std::vector<std::string>();
    piece.type = piece.path.empty() ? Piece::Type::constant : Piece::Type::path;
    piece.constant = config;
    return piece;
}

bool is_constant(const Piece& piece) {
    return piece.type == Piece::Type::constant;
}

Piece parse_piece(const Value& config, std::string_view item, bool paths) {
    Piece piece;
    if (config.is_string()) {
        return parse_text(config, item, paths);
    }
    if (config.is(Kind::list)) {
        piece.type = Piece::Type::list;
        for (const Value& child : config.as_list()) {
            piece.children.push_back(parse_piece(child, item, paths && child.is_string()));
        }
    } else if (config.is_dict()) {
        piece.type = Piece::Type::dict;
        for (const auto& [key, child] : config.as_dict().entries()) {
            piece.keys.push_back(key);
            piece.children.push_back(parse_piece(child, item, paths));
        }
    } else {
        piece.constant = config;
    }
    if (std::ranges::all_of(piece.children, is_constant)) {
        piece = Piece();
        piece.constant = config;
    }
    return piece;
}

Value follow(const std::vector<std::string>& path, const Variables& variables) {
    const Value* value = variables.find(path[0]);
    for (std::size_t at = 1; at < path.size() && value != nullptr; ++at) {
        value = value->find(path[at]);
    }
    return value == nullptr || value->is_undefined() ? Value() : *value;
}

Value render_piece(const Piece& piece, const Variables& variables) {
    switch (piece.type) {
        case Piece::Type::constant:
            return piece.constant;
        case Piece::Type::path:
            return follow(piece.path, variables);
        case Piece::Type::text:
            return Value::string(piece.text.front().render(variables));
        case Piece::Type::list: {
            List items;
            items.reserve(piece.children.size());
            for (const Piece& child : piece.children) {
                items.push_back(render_piece(child, variables));
            }
            return Value::list(std::move(items));
        }
        case Piece::Type::dict:
            break;
    }
    Dict dict;
    dict.reserve(piece.children.size());
    for (std::size_t at = 0; at < piece.children.size(); ++at) {
        dict.set(piece.keys[at], render_piece(piece.children[at], variables));
    }
    return Value::dict(std::move(dict));
}

}  // namespace

const Value* Variables::find(std::string_view name) const {
    for (std::size_t at = variables_.size(); at > 0; --at) {
        const auto& [known, value] = variables_[at - 1];
        if (known == name) {
            return value;
        }
    }
    return nullptr;
}

ValueTemplate ValueTemplate::parse(const Value& config, std::string_view item) {
    return ValueTemplate(std::make_shared<const Piece>(parse_piece(config, item, true)));
}

bool ValueTemplate::is_constant() const {
    return root_->type == Piece::Type::constant;
}

Value ValueTemplate::render(const Variables& variables) const {
    return render_piece(*root_, variables);
}

Value render_value(const Value& config, const Variables& variables, std::string_view item) {
    return ValueTemplate::parse(config, item).render(variables);
}

}  // namespace fleet::templates
