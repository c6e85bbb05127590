// Values from JSON: read here and not with the library, which turns long integers into floats.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/kept_json.hpp"
#include "machines/expression/literals.hpp"
#include "machines/expression/print.hpp"
#include "machines/expression/utf8.hpp"

namespace fleet::expression {
namespace {

/// Bytes of the well-formed UTF-8 character that the text begins with; 0 if there is none.
std::size_t well_formed_size(std::string_view text) {
    const auto byte = [&](std::size_t at) {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const auto is_between = [&](std::size_t at, unsigned lowest, unsigned highest) {
        return byte(at) >= lowest && byte(at) <= highest;
    };
    const unsigned first = byte(0);
    if (first >= 0xc2 && first <= 0xdf) {
        return is_between(1, 0x80, 0xbf) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        // Neither longer than needed nor half of a pair.
        const bool good = is_between(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf) &&
                          is_between(2, 0x80, 0xbf);
        return good ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool good = is_between(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf) &&
                          is_between(2, 0x80, 0xbf) && is_between(3, 0x80, 0xbf);
        return good ? 4 : 0;
    }
    return first < 0x80 ? 1 : 0;
}

enum class Numbers { of_json, of_python };

class JsonReader {
  public:
    JsonReader(std::string_view text, Numbers numbers) : text_(text), numbers_(numbers) {
        constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
        at_ = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    }

    Value run() {
        Value value = read_value();
        skip_blanks();
        if (at_ < text_.size()) {
            refuse("something follows the value");
        }
        return value;
    }

  private:
    [[noreturn]] void refuse(const std::string& reason) const {
        fail(ErrorKind::value,
             "value: not valid JSON at byte " + std::to_string(at_ + 1) + ": " + reason);
    }

    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' ||
                                      text_[at_] == '\r' || text_[at_] == '\t')) {
            ++at_;
        }
    }

    bool skip(char character) {
        skip_blanks();
        if (at_ < text_.size() && text_[at_] == character) {
            ++at_;
            return true;
        }
        return false;
    }

    void expect_word(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) {
            refuse("a value is expected");
        }
        at_ += word.size();
    }

    void enter() {
        if (++depth_ > kMaxDepth) {
            fail(ErrorKind::value, "value: JSON nested deeper than " + std::to_string(kMaxDepth) +
                                       " levels at byte " + std::to_string(at_));
        }
    }

    Value read_value() {
        if (skip('{')) {
            return read_object();
        }
        if (skip('[')) {
            return read_list();
        }
        if (skip('"')) {
            return Value::string(read_string());
        }
        switch (peek()) {
            case 't':
                expect_word("true");
                return Value::boolean(true);
            case 'f':
                expect_word("false");
                return Value::boolean(false);
            case 'n':
                expect_word("null");
                return {};
            default:
                break;
        }
        return numbers_ == Numbers::of_python ? read_any_number() : read_number();
    }

    Value read_any_number() {
        const bool negative = peek() == '-';
        const std::string_view rest = text_.substr(at_ + (negative ? 1 : 0));
        const double infinity = std::numeric_limits<double>::infinity();
        if (rest.starts_with("Infinity")) {
            at_ = text_.size() - rest.size();
            expect_word("Infinity");
            return Value::floating(negative ? -infinity : infinity);
        }
        if (!negative && peek() == 'N') {
            expect_word("NaN");
            return Value::floating(std::numeric_limits<double>::quiet_NaN());
        }
        return read_number();
    }

    Value read_list() {
        enter();
        List items;
        if (!skip(']')) {
            do {
                items.push_back(read_value());
            } while (skip(','));
            if (!skip(']')) {
                refuse("a list goes on with `,` or ends with `]`");
            }
        }
        --depth_;
        return Value::list(std::move(items));
    }

    Value read_object() {
        enter();
        Dict members;
        if (!skip('}')) {
            do {
                if (!skip('"')) {
                    refuse("the key of a member is a string");
                }
                const std::string key = read_string();
                if (!skip(':')) {
                    refuse("`:` is expected behind a key");
                }
                members.set(std::string_view(key), read_value());
            } while (skip(','));
            if (!skip('}')) {
                refuse("an object goes on with `,` or ends with `}`");
            }
        }
        --depth_;
        return Value::dict(std::move(members));
    }

    std::string read_string() {
        std::string result;
        for (;;) {
            const std::size_t begin = at_;
            while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
                   text_[at_] >= ' ') {
                ++at_;
            }
            result.append(text_, begin, at_ - begin);
            if (at_ >= text_.size()) {
                refuse("a string is not closed");
            }
            const char character = text_[at_];
            if (character == '"') {
                ++at_;
                return result;
            }
            if (character == '\\') {
                ++at_;
                read_escape(result);
                continue;
            }
            const std::size_t size = static_cast<unsigned char>(character) < ' '
                                         ? 0
                                         : well_formed_size(text_.substr(at_));
            if (size == 0) {
                refuse(static_cast<unsigned char>(character) < ' '
                           ? "a control character in a string must be escaped"
                           : "a string is not UTF-8");
            }
            result.append(text_, at_, size);
            at_ += size;
        }
    }

    void read_escape(std::string& result) {
        static constexpr std::string_view kLetters = "\"\\/bfnrt";
        static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
        if (peek() != 'u') {
            const std::size_t which =
                at_ < text_.size() ? kLetters.find(text_[at_]) : std::string_view::npos;
            if (which == std::string_view::npos) {
                refuse("an unknown escape");
            }
            result += kMeanings[which];
            ++at_;
            return;
        }
        char32_t code = read_unit();
        if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
            ++at_;
            const char32_t second = read_unit();
            code = second >= 0xdc00 && second < 0xe000
                       ? 0x10000 + ((code - 0xd800) << 10U) + (second - 0xdc00)
                       : code;
        }
        if (code >= 0xd800 && code < 0xe000) {
            refuse("half of a surrogate pair");
        }
        utf8_append(result, code);
    }

    char32_t read_unit() {
        constexpr std::size_t kDigits = 4;
        const std::string_view digits = text_.substr(std::min(at_ + 1, text_.size()), kDigits);
        std::uint32_t unit = 0;
        const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
        if (digits.size() != kDigits || end.ptr != digits.data() + kDigits) {
            refuse("\\u needs 4 hexadecimal digits");
        }
        at_ += 1 + kDigits;
        return unit;
    }

    std::size_t skip_digits() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
            ++at_;
        }
        return at_ - begin;
    }

    Value read_number() {
        const std::size_t begin = at_;
        const bool negative = peek() == '-';
        at_ += negative ? 1 : 0;
        const bool zero = peek() == '0';
        const std::size_t whole = zero ? 1 : skip_digits();
        at_ += zero ? 1 : 0;
        if (whole == 0) {
            refuse("a value is expected");
        }
        const std::string_view digits = text_.substr(at_ - whole, whole);
        const std::size_t end_of_whole = at_;
        if (peek() == '.') {
            ++at_;
            if (skip_digits() == 0) {
                refuse("digits are expected behind the point");
            }
        }
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            at_ += peek() == '+' || peek() == '-' ? 1 : 0;
            if (skip_digits() == 0) {
                refuse("an exponent needs digits");
            }
        }
        return at_ == end_of_whole ? integer_of_digits(digits, 10, negative)
                                   : floating(text_.substr(begin, at_ - begin));
    }

    [[nodiscard]] Value floating(std::string_view written) const {
        double number = 0;
        const auto end = std::from_chars(written.data(), written.data() + written.size(), number);
        if (end.ec == std::errc()) {
            return Value::floating(number);
        }
        Value far = float_of_text(written);  // zero or infinite, with its sign
        if (numbers_ == Numbers::of_json && std::isinf(far.as_floating())) {
            refuse("the number " + excerpt(written) + " is too large");
        }
        return far;
    }

    std::string_view text_;
    Numbers numbers_;
    std::size_t at_ = 0;
    std::uint32_t depth_ = 0;
};

}  // namespace

Value from_json(std::string_view text) {
    return JsonReader(text, Numbers::of_json).run();
}

Value from_kept_json(std::string_view text) {
    return JsonReader(text, Numbers::of_python).run();
}

}  // namespace fleet::expression
