#include "machines/expression/errors.hpp"

#include "machines/expression/utf8.hpp"

namespace fleet::expression {

std::string_view name_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::expression:
            return "expression";
        case ErrorKind::template_syntax:
            return "template_syntax";
        case ErrorKind::template_undefined:
            return "template_undefined";
        case ErrorKind::type:
            return "type";
        case ErrorKind::key:
            return "key";
        case ErrorKind::index:
            return "index";
        case ErrorKind::arithmetic:
            return "arithmetic";
        case ErrorKind::value:
            return "value";
        case ErrorKind::limit:
            return "limit";
        case ErrorKind::internal:
            break;
    }
    return "internal";
}

void fail(ErrorKind kind, const std::string& message) {
    throw EvaluationError(kind, message);
}

void fail_at(ErrorKind kind, std::string_view what, std::string_view text, std::size_t offset,
             const std::string& reason) {
    throw SyntaxError(kind,
                      std::string(what) + " `" + excerpt(text) + "`, " + position_in(text, offset) +
                          ": " + reason,
                      offset, reason);
}

std::string position_in(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    std::size_t line = 1;
    std::size_t line_begin = 0;
    for (std::size_t at = 0; at < before.size(); ++at) {
        if (before[at] == '\n') {
            ++line;
            line_begin = at + 1;
        }
    }
    return "line " + std::to_string(line) + ", column " +
           std::to_string(utf8_length(before.substr(line_begin)) + 1);
}

std::string excerpt(std::string_view text) {
    constexpr std::size_t kLongest = 60;
    std::string result(text.substr(0, utf8_offset(text, kLongest)));
    for (char& character : result) {
        if (static_cast<unsigned char>(character) < ' ') {
            character = ' ';
        }
    }
    return result.size() < text.size() ? result + "..." : result;
}

}  // namespace fleet::expression
