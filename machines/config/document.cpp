#include "machines/config/document.hpp"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <utility>

#include <system_error>

#include "common/base/errors.hpp"

namespace fleet::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// The length of the UTF-8 character that begins there; 0 when it is none. `code` receives nothing
/// but what is needed to refuse surrogates and control characters.
struct Character {
    std::size_t length = 0;
    char32_t code = 0;
};

Character character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    const unsigned first = byte(0);
    const std::size_t length = first < 0x80             ? 1
                               : (first & 0xE0) == 0xC0 ? 2
                               : (first & 0xF0) == 0xE0 ? 3
                               : (first & 0xF8) == 0xF0 ? 4
                                                        : 0;
    if (length == 0 || at + length > text.size()) {
        return {};
    }
    if (length == 1) {
        return {1, first};
    }
    char32_t code = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) {
            return {};
        }
        code = code << 6 | (byte(i) & 0x3FU);
    }
    const char32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
    const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < least || is_surrogate || code > 0x10FFFF ? Character{} : Character{length, code};
}

bool is_printable(char32_t code) {
    if (code < 0x20) {
        return code == '\t' || code == '\n' || code == '\r';
    }
    return code != 0x7F && (code < 0x80 || code > 0x9F || code == 0x85) && code != 0xFFFE &&
           code != 0xFFFF && code != 0xFEFF;
}

void require_text(std::string_view text) {
    Position at;
    for (std::size_t i = 0; i < text.size();) {
        const Character character = character_at(text, i);
        if (character.length == 0) {
            throw Malformed{at, "these bytes are not UTF-8", "save the file in UTF-8"};
        }
        if (!is_printable(character.code)) {
            std::ostringstream number;
            number << std::hex << std::uppercase << static_cast<unsigned long>(character.code);
            throw Malformed{at, "a control character (U+" + number.str() + ") stands here",
                            "remove it, or write it as an escape in a quoted text"};
        }
        i += character.length;
        if (character.code == '\n') {
            at = {at.line + 1, 1};
        } else {
            ++at.column;
        }
    }
}

}  // namespace

Syntax syntax_of(const std::filesystem::path& file) {
    return file.extension() == ".json" ? Syntax::json : Syntax::yaml;
}

ParsedDocument parse_document(std::string_view text, const std::string& file, Syntax syntax,
                              const Limits& limits) {
    Findings findings(file);
    ParsedDocument parsed;
    try {
        if (text.size() > limits.file_bytes) {
            throw Malformed{{},
                            "the file has " + std::to_string(text.size()) +
                                " bytes, more than the " + std::to_string(limits.file_bytes) +
                                " that a configuration may have",
                            "pass data as input"};
        }
        if (text.starts_with(kByteOrderMark)) {
            text.remove_prefix(kByteOrderMark.size());
        }
        require_text(text);
        parsed.root = syntax == Syntax::json ? parse_json_document(text, limits, findings)
                                             : parse_yaml(text, limits, findings);
    } catch (const Malformed& malformed) {
        findings.refuse({malformed.at, {}}, malformed.message, malformed.advice, Fault::syntax);
    }
    parsed.diagnostics = findings.all();
    parsed.source = text;
    return parsed;
}

std::optional<std::string> read_text(const std::filesystem::path& file, const Limits& limits) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (!std::filesystem::exists(status)) {
        if (error && error != std::errc::no_such_file_or_directory &&
            error != std::errc::not_a_directory) {
            throw base::ConfigError("reading " + file.string() + ": " + error.message());
        }
        return std::nullopt;
    }
    if (std::filesystem::is_directory(status)) {
        throw base::ConfigError("reading " + file.string() + ": it is a folder",
                                "name a machine file");
    }
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        throw base::ConfigError(base::describe_errno("reading " + file.string(), errno));
    }
    // One byte more than allowed tells that there is more, also for what has no size (a pipe).
    std::string text(limits.file_bytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) {
        throw base::ConfigError(base::describe_errno("reading " + file.string(), errno));
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > limits.file_bytes) {
        throw base::ConfigError("reading " + file.string() + ": it has more than the " +
                                    std::to_string(limits.file_bytes) +
                                    " bytes that a configuration may have",
                                "pass data as input");
    }
    return text;
}

}  // namespace fleet::config
