// Functions between strings and lists of strings.
#include <limits>

#include "machines/cel/functions.hpp"
#include "machines/expression/operators.hpp"
#include "machines/expression/utf8.hpp"

namespace fleet::cel {
namespace {

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

/// The limit that stands at `place`; negative or missing: none.
std::size_t limit_of(const Arguments& arguments, std::size_t place) {
    if (arguments.size() <= place || arguments[place].as_integer() < 0) {
        return kUnlimited;
    }
    return static_cast<std::size_t>(arguments[place].as_integer());
}

/// Where the next separator begins; an empty one stands behind every character but the last.
std::size_t next_separator(std::string_view rest, std::string_view separator) {
    if (!separator.empty()) {
        return rest.find(separator);
    }
    const std::size_t next = expression::utf8_offset(rest, 1);
    return next < rest.size() ? next : std::string_view::npos;
}

class Replacement {
  public:
    Replacement(std::string_view text, Meter& meter) : rest_(text), meter_(meter) {}

    std::string run(const std::string& old, const std::string& fresh, std::size_t limit) {
        meter_.charge_search(rest_.size(), old.size());
        for (; limit > 0; --limit) {
            const std::size_t at = rest_.find(old);
            if (at == std::string_view::npos) {
                break;
            }
            meter_.charge(1);
            append(rest_.substr(0, at));
            append(fresh);
            rest_.remove_prefix(at + old.size());
            if (old.empty()) {
                if (rest_.empty()) {
                    break;
                }
                const std::size_t next = expression::utf8_offset(rest_, 1);
                append(rest_.substr(0, next));
                rest_.remove_prefix(next);
            }
        }
        append(rest_);
        return std::move(result_);
    }

  private:
    void append(std::string_view text) {
        meter_.charge_text(text.size());
        expression::require_size(result_.size() + text.size());
        result_ += text;
    }

    std::string_view rest_;
    Meter& meter_;
    std::string result_;
};

}  // namespace

Value split(const Arguments& arguments, Meter& meter) {
    require_types("split", arguments, {Type::string, Type::string, Type::integer});
    std::string_view rest = arguments[0].as_string();
    const std::string& separator = arguments[1].as_string();
    const std::size_t limit = limit_of(arguments, 2);
    List parts;
    if (limit == 0 || (rest.empty() && separator.empty())) {
        return Value::list(std::move(parts));
    }
    meter.charge_search(rest.size(), separator.size());
    while (parts.size() + 1 < limit) {
        const std::size_t at = next_separator(rest, separator);
        if (at == std::string_view::npos) {
            break;
        }
        meter.charge(1);
        parts.push_back(Value::string(std::string(rest.substr(0, at))));
        rest.remove_prefix(at + separator.size());
    }
    parts.push_back(Value::string(std::string(rest)));
    return Value::list(std::move(parts));
}

Value join(const Arguments& arguments, Meter& meter) {
    require_types("join", arguments, {Type::list, Type::string});
    const std::string separator = arguments.size() == 2 ? arguments[1].as_string() : "";
    std::string result;
    bool is_first = true;
    for (const Value& item : arguments[0].as_list()) {
        if (type_of(item) != Type::string) {
            no_overload("join", arguments);
        }
        meter.charge(1);
        meter.charge_text(separator.size() + item.as_string().size());
        expression::require_size(result.size() + separator.size() + item.as_string().size());
        result += is_first ? "" : separator;
        result += item.as_string();
        is_first = false;
    }
    return Value::string(std::move(result));
}

Value replace(const Arguments& arguments, Meter& meter) {
    require_types("replace", arguments, {Type::string, Type::string, Type::string, Type::integer});
    return Value::string(
        Replacement(arguments[0].as_string(), meter)
            .run(arguments[1].as_string(), arguments[2].as_string(), limit_of(arguments, 3)));
}

}  // namespace fleet::cel
