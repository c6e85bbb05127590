// JSON with positions: exact where YAML's flow style is not (numbers, surrogates, duplicate keys).
#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

#include "machines/config/document.hpp"
#include "machines/config/yaml_scalar.hpp"
#include "machines/expression/big_integer.hpp"

namespace fleet::config {
namespace {

void append_utf8(std::string& text, char32_t code) {
    const auto push = [&](char32_t byte) { text += static_cast<char>(byte); };
    if (code < 0x80) {
        push(code);
    } else if (code < 0x800) {
        push(0xC0 | code >> 6);
        push(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        push(0xE0 | code >> 12);
        push(0x80 | (code >> 6 & 0x3F));
        push(0x80 | (code & 0x3F));
    } else {
        push(0xF0 | code >> 18);
        push(0x80 | (code >> 12 & 0x3F));
        push(0x80 | (code >> 6 & 0x3F));
        push(0x80 | (code & 0x3F));
    }
}

class JsonReader {
  public:
    JsonReader(std::string_view text, const Limits& limits, Findings& findings)
        : text_(text), limits_(limits), findings_(findings) {}

    Node read() {
        Node root = value();
        skip_space();
        if (!at_end()) {
            refuse("there is more text after the value", "keep one value in the file");
        }
        return root;
    }

  private:
    [[nodiscard]] bool at_end() const { return next_ == text_.size(); }
    [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[next_]; }

    void advance() {
        const auto byte = static_cast<unsigned char>(text_[next_++]);
        if (byte == '\n') {
            at_ = {at_.line + 1, 1};
        } else if ((byte & 0xC0) != 0x80) {
            ++at_.column;
        }
    }

    void skip_space() {
        while (!at_end() && std::string_view(" \t\r\n").find(peek()) != std::string_view::npos) {
            advance();
        }
    }

    [[noreturn]] void refuse(std::string message, std::string advice = {}) const {
        throw Malformed{at_, std::move(message), std::move(advice)};
    }

    [[nodiscard]] std::string found() const {
        return at_end() ? "the file ends" : std::string("`") + peek() + "` stands";
    }

    bool take(char wanted) {
        skip_space();
        if (peek() != wanted || at_end()) {
            return false;
        }
        advance();
        return true;
    }

    void expect(char wanted, const std::string& what) {
        if (!take(wanted)) {
            refuse(found() + " where " + what + " should be");
        }
    }

    Node value() {
        skip_space();
        if (++nodes_ > limits_.nodes) {
            refuse("there are more than " + std::to_string(limits_.nodes) + " values in the file",
                   "pass data as input");
        }
        if (peek() == '{') {
            return nested(&JsonReader::map);
        }
        if (peek() == '[') {
            return nested(&JsonReader::list);
        }
        Node node;
        node.at = at_;
        if (peek() == '"') {
            node.kind = Node::Kind::text;
            node.text = string();
            return node;
        }
        return word(std::move(node));
    }

    Node nested(Node (JsonReader::*read_inside)()) {
        if (++depth_ > limits_.depth) {
            refuse("values are nested more than " + std::to_string(limits_.depth) + " deep",
                   "flatten them");
        }
        Node node = (this->*read_inside)();
        --depth_;
        return node;
    }

    Node list() {
        Node node;
        node.kind = Node::Kind::list;
        node.at = at_;
        advance();
        if (take(']')) {
            return node;
        }
        do {
            node.items.push_back(value());
        } while (take(','));
        expect(']', "`,` or `]`");
        return node;
    }

    Node map() {
        Node node;
        node.kind = Node::Kind::map;
        node.at = at_;
        advance();
        if (take('}')) {
            return node;
        }
        std::unordered_map<std::string, std::size_t> places;
        do {
            skip_space();
            const Position key_at = at_;
            if (peek() != '"') {
                refuse(found() + " where a key in double quotes should be");
            }
            std::string key = string();
            expect(':', "`:`");
            Node member = value();
            const auto [place, is_new] = places.emplace(key, node.members.size());
            if (is_new) {
                node.members.push_back({std::move(key), key_at, std::move(member)});
                continue;
            }
            Member& before = node.members[place->second];
            findings_.warn({key_at, {}},
                           "the key `" + key + "` was given in line " +
                               std::to_string(before.at.line) + " already; the last one counts",
                           "remove one of them");
            before.at = key_at;
            before.value = std::move(member);
        } while (take(','));
        expect('}', "`,` or `}`");
        return node;
    }

    char32_t four_digits() {
        char32_t code = 0;
        for (int i = 0; i < 4; ++i) {
            const char c = peek();
            unsigned digit = 0;
            const auto [end, error] = std::from_chars(&c, &c + 1, digit, 16);
            if (at_end() || error != std::errc()) {
                refuse("`\\u` needs four hexadecimal digits");
            }
            code = code << 4 | digit;
            advance();
        }
        return code;
    }

    char32_t unicode_escape() {
        const char32_t first = four_digits();
        if (first < 0xD800 || first > 0xDFFF) {
            return first;
        }
        if (first <= 0xDBFF && text_.substr(next_).starts_with("\\u")) {
            advance();
            advance();
            const char32_t second = four_digits();
            if (second >= 0xDC00 && second <= 0xDFFF) {
                return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            }
        }
        refuse("half of a surrogate pair is no character");
    }

    void escape(std::string& text) {
        static constexpr std::string_view kNames = "\"\\/bfnrt";
        static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
        advance();
        const std::size_t which = at_end() ? std::string_view::npos : kNames.find(peek());
        if (which != std::string_view::npos) {
            text += kMeanings[which];
            advance();
        } else if (peek() == 'u') {
            advance();
            append_utf8(text, unicode_escape());
        } else {
            refuse("there is no such escape", "write a backslash as `\\\\`");
        }
    }

    std::string string() {
        std::string text;
        advance();
        while (peek() != '"') {
            if (at_end() || peek() == '\n') {
                refuse("a text is not closed", "end it with `\"`");
            }
            if (peek() == '\\') {
                escape(text);
            } else {
                text += peek();
                advance();
            }
        }
        advance();
        return text;
    }

    /// true, false, null, NaN, Infinity or a number.
    Node word(Node node) {
        const std::size_t start = next_;
        const auto belongs = [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   c == '+' || c == '-' || c == '.';
        };
        const Position at = at_;
        while (!at_end() && belongs(peek())) {
            advance();
        }
        node.text = text_.substr(start, next_ - start);
        if (node.text == "null") {
            node.text.clear();
        } else if (node.text == "true" || node.text == "false") {
            node.kind = Node::Kind::boolean;
        } else if (node.text == "NaN" || node.text == "Infinity" || node.text == "-Infinity") {
            node.kind = Node::Kind::number;
        } else if (!number(node)) {
            at_ = at;
            next_ = start;
            refuse(node.text.empty() ? found() + " where a value should be"
                                     : "`" + node.text + "` is no JSON value",
                   node.text.empty() ? "" : "put texts into double quotes");
        } else if (node.kind == Node::Kind::integer &&
                   node.text.size() > expression::kMostDigits + (node.text[0] == '-' ? 1 : 0)) {
            at_ = at;
            next_ = start;
            refuse(
                "an integer has more than " + std::to_string(expression::kMostDigits) + " digits",
                "put it into double quotes, as a text");
        }
        return node;
    }

    static bool number(Node& node) {
        std::string_view rest = node.text;
        const auto digits = [&] {
            const std::size_t count = std::min(rest.find_first_not_of("0123456789"), rest.size());
            rest.remove_prefix(count);
            return count;
        };
        if (rest.starts_with('-')) {
            rest.remove_prefix(1);
        }
        const bool leading_zero = rest.starts_with('0');
        const std::size_t whole = digits();
        if (whole == 0 || (leading_zero && whole > 1)) {
            return false;
        }
        if (rest.empty()) {
            node.kind = Node::Kind::integer;
            node.text = node.text == "-0" ? "0" : node.text;
            return true;
        }
        if (rest.starts_with('.')) {
            rest.remove_prefix(1);
            if (digits() == 0) {
                return false;
            }
        }
        if (!rest.empty() && (rest[0] == 'e' || rest[0] == 'E')) {
            const bool has_sign = rest.size() > 1 && (rest[1] == '+' || rest[1] == '-');
            rest.remove_prefix(has_sign ? 2 : 1);
            if (digits() == 0) {
                return false;
            }
        }
        if (!rest.empty()) {
            return false;
        }
        node.kind = Node::Kind::number;
        std::ranges::replace(node.text, 'E', 'e');
        node.text = number_text(node.as_number().value_or(0));
        return true;
    }

    std::string_view text_;
    const Limits& limits_;
    Findings& findings_;
    std::size_t next_ = 0;
    Position at_;
    std::size_t depth_ = 0;
    std::size_t nodes_ = 0;
};

}  // namespace

Node parse_json_document(std::string_view text, const Limits& limits, Findings& findings) {
    return JsonReader(text, limits, findings).read();
}

}  // namespace fleet::config
