// Values as JSON.
#include <algorithm>
#include <cmath>

#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/kept_json.hpp"
#include "machines/expression/print.hpp"
#include "machines/expression/utf8.hpp"

namespace fleet::expression {
namespace {

struct Style {
    bool spaced = false;
    bool ascii = false;
    bool sorted = false;
    bool finite = false;  ///< refuse NaN and infinities
};

class JsonWriter {
  public:
    explicit JsonWriter(Style style) : style_(style) {}

    void write(const Value& value) {
        switch (value.kind()) {
            case Kind::null:
                out_ += "null";
                break;
            case Kind::boolean:
                out_ += value.as_boolean() ? "true" : "false";
                break;
            case Kind::integer:
            case Kind::big_integer:
                out_ += integer_text(value);
                break;
            case Kind::floating:
                write_float(value.as_floating());
                break;
            case Kind::string:
                write_string(value.as_string());
                break;
            case Kind::list:
            case Kind::tuple:
                write_list(value.as_list());
                break;
            case Kind::dict:
                write_dict(value.as_dict());
                break;
            default:
                fail(ErrorKind::type,
                     value.is_undefined() && !value.undefined_name().empty()
                         ? "`" + value.undefined_name() + "` is undefined and has no JSON form"
                         : "a value of type " + type_name(value) + " has no JSON form");
        }
    }
    std::string take() { return std::move(out_); }

  private:
    void write_float(double number) {
        if (std::isfinite(number)) {
            out_ += float_text(number);
        } else if (style_.finite) {
            fail(ErrorKind::value, "the number " + float_text(number) + " has no JSON form");
        } else {
            out_ += std::isnan(number) ? "NaN" : number < 0 ? "-Infinity" : "Infinity";
        }
    }

    void write_unit(char32_t unit) {
        static constexpr std::string_view kDigits = "0123456789abcdef";
        out_ += "\\u";
        for (unsigned shift = 16; shift > 0; shift -= 4) {
            out_ += kDigits[(unit >> (shift - 4)) & 0xfU];
        }
    }

    void write_wide(char32_t code_point) {
        if (code_point < 0x10000) {
            write_unit(code_point);
            return;
        }
        write_unit(0xd800 + ((code_point - 0x10000) >> 10U));
        write_unit(0xdc00 + ((code_point - 0x10000) & 0x3ffU));
    }

    void write_control(char character) {
        static constexpr std::string_view kNamed = "\b\f\n\r\t";
        static constexpr std::string_view kLetters = "bfnrt";
        const std::size_t at = kNamed.find(character);
        if (at == std::string_view::npos) {
            write_unit(static_cast<unsigned char>(character));
        } else {
            out_ += '\\';
            out_ += kLetters[at];
        }
    }

    void write_string(const std::string& text) {
        out_ += '"';
        for (std::size_t at = 0; at < text.size();) {
            const char character = text[at];
            if (static_cast<unsigned char>(character) >= 0x80) {
                const std::string_view rest = std::string_view(text).substr(at);
                const std::size_t size = utf8_offset(rest, 1);
                const char32_t code_point = utf8_decode(rest);
                if (style_.ascii) {
                    write_wide(code_point);
                } else {
                    utf8_append(out_, code_point);
                }
                at += size;
                continue;
            }
            if (character == '"' || character == '\\') {
                out_ += '\\';
                out_ += character;
            } else if (character < ' ') {
                write_control(character);
            } else {
                out_ += character;
            }
            ++at;
        }
        out_ += '"';
    }

    void write_list(const List& items) {
        out_ += '[';
        bool first = true;
        for (const Value& item : items) {
            out_ += first ? "" : style_.spaced ? ", " : ",";
            first = false;
            write(item);
        }
        out_ += ']';
    }

    void write_key(const Value& key) {
        if (key.is_string()) {
            write_string(key.as_string());
        } else if (key.is_null()) {
            out_ += "\"null\"";
        } else if (key.is(Kind::boolean)) {
            out_ += key.as_boolean() ? "\"true\"" : "\"false\"";
        } else if (key.is_number()) {
            out_ += '"' + plain_text(key) + '"';
        } else {
            fail(ErrorKind::type,
                 "the keys of JSON are strings; a " + type_name(key) + " cannot be one");
        }
    }

    void write_dict(const Dict& dict) {
        std::vector<const Dict::Entry*> entries;
        entries.reserve(dict.size());
        for (const Dict::Entry& entry : dict.entries()) {
            entries.push_back(&entry);
        }
        if (style_.sorted) {
            std::ranges::stable_sort(
                entries, {}, [](const Dict::Entry* entry) { return plain_text(entry->first); });
        }
        out_ += '{';
        bool first = true;
        for (const Dict::Entry* entry : entries) {
            out_ += first ? "" : style_.spaced ? ", " : ",";
            first = false;
            write_key(entry->first);
            out_ += style_.spaced ? ": " : ":";
            write(entry->second);
        }
        out_ += '}';
    }

    Style style_;
    std::string out_;
};

}  // namespace

std::string spaced_json(const Value& value, bool sorted) {
    JsonWriter writer({.spaced = true, .ascii = true, .sorted = sorted});
    writer.write(value);
    return writer.take();
}

base::JsonText to_json(const Value& value) {
    JsonWriter writer({.finite = true});
    writer.write(value);
    return writer.take();
}

base::JsonText to_kept_json(const Value& value) {
    JsonWriter writer({.finite = false});
    writer.write(value);
    return writer.take();
}

}  // namespace fleet::expression
