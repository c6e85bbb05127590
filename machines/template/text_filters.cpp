// Filters that work on text.
#include <algorithm>

#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"
#include "machines/expression/utf8.hpp"
#include "machines/template/filters.hpp"
#include "machines/template/sequence.hpp"

namespace fleet::templates {

using expression::List;
using expression::plain_text;
using expression::utf8_decode;
using expression::Value;

std::string capitalized(std::string_view text) {
    const std::size_t first = expression::utf8_offset(text, 1);
    return expression::upper_case(text.substr(0, first)) +
           expression::lower_case(text.substr(first));
}

std::string title_case(std::string_view text) {
    // A word begins after blanks and after opening brackets and hyphens.
    std::string result;
    std::size_t begin = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        const bool border =
            at == text.size() ||
            expression::is_space(static_cast<char32_t>(static_cast<unsigned char>(text[at]))) ||
            std::string_view("-({[<").find(text[at]) != std::string_view::npos;
        if (border && (at == text.size() || static_cast<unsigned char>(text[at]) < 0x80)) {
            result += capitalized(text.substr(begin, at - begin));
            result += at < text.size() ? std::string(1, text[at]) : "";
            begin = at + 1;
        }
    }
    return result;
}

std::string replaced(const std::string& text, const std::string& from, const std::string& to,
                     std::int64_t count) {
    std::string result;
    std::size_t at = 0;
    while (count != 0) {
        const std::size_t found = text.find(from, at);
        if (found == std::string::npos || (from.empty() && at > text.size())) {
            break;
        }
        result += text.substr(at, found - at) + to;
        expression::require_size(result.size());
        at = found + from.size();
        if (from.empty()) {
            const std::size_t next =
                at + expression::utf8_offset(std::string_view(text).substr(at), 1);
            result += text.substr(at, next - at);
            if (at == text.size()) {
                return result;
            }
            at = next;
        }
        --count;
    }
    return result + text.substr(std::min(at, text.size()));
}

std::string stripped(std::string_view text, std::string_view characters, bool left, bool right) {
    const auto all = expression::utf8_characters(text);
    const auto unwanted = [&](std::string_view character) {
        return characters.empty() ? expression::is_space(utf8_decode(character))
                                  : characters.find(character) != std::string_view::npos;
    };
    std::size_t begin = 0;
    std::size_t end = all.size();
    while (left && begin < end && unwanted(all[begin])) {
        ++begin;
    }
    while (right && end > begin && unwanted(all[end - 1])) {
        --end;
    }
    std::string result;
    for (std::size_t i = begin; i < end; ++i) {
        result += all[i];
    }
    return result;
}

List split_words(std::string_view text) {
    List words;
    std::string word;
    for (const std::string_view character : expression::utf8_characters(text)) {
        if (!expression::is_space(utf8_decode(character))) {
            word += character;
        } else if (!word.empty()) {
            words.push_back(text_value(std::exchange(word, "")));
        }
    }
    if (!word.empty()) {
        words.push_back(text_value(std::move(word)));
    }
    return words;
}

namespace {

std::string string_of(const Value& value) {
    return plain_text(value);
}

template <std::string (*change)(std::string_view)>
Value changed(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    return text_value(change(string_of(subject)));
}

Value filter_string(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    return text_value(string_of(subject));
}

Value filter_trim(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    return text_value(
        stripped(string_of(subject), text_argument(arguments, 0, "chars", ""), true, true));
}

Value filter_replace(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    return text_value(replaced(string_of(subject), text_argument(arguments, 0, "old", ""),
                               text_argument(arguments, 1, "new", ""),
                               integer_argument(arguments, 2, "count", -1)));
}

Value filter_wordcount(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    std::int64_t count = 0;
    bool inside = false;
    const std::string text = string_of(subject);
    for (const std::string_view character : expression::utf8_characters(text)) {
        const char32_t code = utf8_decode(character);
        const bool part =
            expression::is_letter(code) || code == '_' || (code >= '0' && code <= '9');
        count += part && !inside ? 1 : 0;
        inside = part;
    }
    return Value::integer(count);
}

Value filter_truncate(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    const std::string text = string_of(subject);
    const std::int64_t length = integer_argument(arguments, 0, "length", 255);
    const std::string end = text_argument(arguments, 2, "end", "...");
    const std::int64_t leeway = integer_argument(arguments, 3, "leeway", 5);
    const auto size = static_cast<std::int64_t>(expression::utf8_length(text));
    const auto end_size = static_cast<std::int64_t>(expression::utf8_length(end));
    if (length < end_size || leeway < 0) {
        expression::fail(expression::ErrorKind::value, "`truncate` to less than its end mark");
    }
    if (size <= length || size - length <= leeway) {
        return text_value(text);
    }
    std::string kept =
        text.substr(0, expression::utf8_offset(text, static_cast<std::size_t>(length - end_size)));
    if (!flag_argument(arguments, 1, "killwords", false)) {
        kept = kept.substr(0, kept.rfind(' '));
    }
    return text_value(kept + end);
}

Value filter_indent(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    const Value* width = arguments.get(0, "width");
    const bool by_text = width != nullptr && width->is_string();
    const std::int64_t count = by_text ? 0 : integer_argument(arguments, 0, "width", 4);
    expression::require_size(static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)));
    const std::string margin =
        by_text ? width->as_string()
                : std::string(static_cast<std::size_t>(std::max<std::int64_t>(count, 0)), ' ');
    const bool blank = flag_argument(arguments, 2, "blank", false);
    const std::string text = string_of(subject);
    std::string result = flag_argument(arguments, 1, "first", false) ? margin : "";
    for (std::size_t at = 0; at < text.size(); ++at) {
        result += text[at];
        const bool empty_line = at + 1 >= text.size() || text[at + 1] == '\n';
        if (text[at] == '\n' && (blank || !empty_line)) {
            result += margin;
            expression::require_size(result.size());
        }
    }
    return text_value(std::move(result));
}

Value filter_center(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    const std::string text = string_of(subject);
    const std::int64_t width = integer_argument(arguments, 0, "width", 80);
    const auto size = static_cast<std::int64_t>(expression::utf8_length(text));
    if (width <= size) {
        return text_value(text);
    }
    const auto space = static_cast<std::size_t>(width - size);
    expression::require_size(space);
    const std::size_t left = space / 2 + (space & static_cast<std::size_t>(width) & 1U);
    return text_value(std::string(left, ' ') + text + std::string(space - left, ' '));
}

std::string escaped(std::string_view text) {
    std::string result;
    for (const char character : text) {
        switch (character) {
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '&':
                result += "&amp;";
                break;
            case '"':
                result += "&#34;";
                break;
            case '\'':
                result += "&#39;";
                break;
            default:
                result += character;
        }
    }
    return result;
}

std::string quoted(const std::string& text, std::string_view safe) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string result;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        const bool plain =
            byte < 0x80 && (expression::is_letter(byte) || (byte >= '0' && byte <= '9') ||
                            std::string_view("_.-~").find(character) != std::string_view::npos ||
                            safe.find(character) != std::string_view::npos);
        if (plain) {
            result += character;
        } else {
            result += '%';
            result += kDigits[byte >> 4U];
            result += kDigits[byte & 0xfU];
        }
    }
    return result;
}

Value filter_urlencode(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    if (subject.is_string() || !is_iterable(subject)) {
        return text_value(quoted(string_of(subject), "/"));
    }
    std::string result;
    const auto add = [&](const Value& key, const Value& value) {
        result += (result.empty() ? "" : "&") + quoted(string_of(key), "") + "=" +
                  quoted(string_of(value), "");
    };
    if (subject.is_dict()) {
        for (const auto& [key, value] : subject.as_dict().entries()) {
            add(key, value);
        }
    } else {
        for (const Value& pair : items_of(subject)) {
            const List parts = items_of(pair);
            if (parts.size() != 2) {
                expression::fail(expression::ErrorKind::value, "`urlencode` takes pairs");
            }
            add(parts[0], parts[1]);
        }
    }
    return text_value(std::move(result));
}

Value filter_wordwrap(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    const std::int64_t width = integer_argument(arguments, 0, "width", 79);
    std::string result;
    std::int64_t column = 0;
    const std::string text = string_of(subject);
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        column = 0;
        for (const Value& word : split_words(std::string_view(text).substr(at, end - at))) {
            const auto size = static_cast<std::int64_t>(expression::utf8_length(word.as_string()));
            if (column > 0 && column + 1 + size > width) {
                result += '\n';
                column = 0;
            }
            result += column > 0 ? " " : "";
            result += word.as_string();
            column += size + (column > 0 ? 1 : 0);
        }
        result += end < text.size() ? "\n" : "";
        at = end + 1;
    }
    return text_value(std::move(result));
}

Value filter_striptags(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    const std::string text = string_of(subject);
    std::string plain;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t close = text[at] == '<' ? text.find('>', at) : std::string::npos;
        if (close != std::string::npos) {
            at = close + 1;
        } else {
            plain += text[at++];
        }
    }
    std::string result;
    for (const Value& word : split_words(plain)) {
        result += (result.empty() ? "" : " ") + word.as_string();
    }
    return text_value(std::move(result));
}

Value filter_format(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    if (arguments.named.empty()) {
        return text_value(format_percent(string_of(subject), Value::tuple(arguments.list)));
    }
    expression::Dict named;
    for (const auto& [name, value] : arguments.named) {
        named.set(std::string_view(name), value);
    }
    return text_value(format_percent(string_of(subject), Value::dict(std::move(named))));
}

Value filter_xmlattr(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    if (!subject.is_dict()) {
        expression::require_defined(subject);
        expression::fail(expression::ErrorKind::internal,
                         "`xmlattr` needs an object, not " + expression::type_name(subject));
    }
    std::string result;
    for (const auto& [key, value] : subject.as_dict().entries()) {
        if (!value.is_null() && !value.is_undefined()) {
            result += " " + escaped(string_of(key)) + "=\"" + escaped(string_of(value)) + "\"";
        }
    }
    return text_value(std::move(result));
}

}  // namespace

Filter find_text_filter(std::string_view name) {
    static constexpr std::array<NamedFilter, 20> kFilters{
        {{"upper", changed<expression::upper_case>},
         {"lower", changed<expression::lower_case>},
         {"capitalize", changed<capitalized>},
         {"title", changed<title_case>},
         {"escape", changed<escaped>},
         {"e", changed<escaped>},
         {"forceescape", changed<escaped>},
         {"string", filter_string},
         {"safe", filter_string},
         {"trim", filter_trim},
         {"replace", filter_replace},
         {"wordcount", filter_wordcount},
         {"truncate", filter_truncate},
         {"indent", filter_indent},
         {"center", filter_center},
         {"urlencode", filter_urlencode},
         {"wordwrap", filter_wordwrap},
         {"striptags", filter_striptags},
         {"format", filter_format},
         {"xmlattr", filter_xmlattr}}};
    const auto* const found = std::ranges::find(kFilters, name, &NamedFilter::first);
    return found == kFilters.end() ? nullptr : found->second;
}

}  // namespace fleet::templates
